-- The recipe: a text of more weight counts for more in search(). Made only for those rows that are asked for; most have
-- no third and fourth text, and to append nothing costs as much as to append something.
documents as not materialized (
  select entity_id, language, configuration, new_hash, state,
    case
      when c is null and d is null then shorter.document
      else shorter.document || setweight(to_tsvector(configuration::regconfig, coalesce(c, '')), 'C')
        || setweight(to_tsvector(configuration::regconfig, coalesce(d, '')), 'D')
    end as document
  from compared
  cross join lateral (
    select setweight(to_tsvector(configuration::regconfig, coalesce(a, '')), 'A')
      || setweight(to_tsvector(configuration::regconfig, coalesce(b, '')), 'B') as document
    offset 0) as shorter
)
