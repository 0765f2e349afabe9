-- The entity's rows; columns that its file does not yield are found in the outer query, where they are null. The texts keep
-- their types, which say how they are read (oneshot.search_plain).
source_rows as not materialized (
  select present.*
  from (
    select null::text as b, null::text as c, null::text as d, null::text as language, false as deleted) as absent
  cross join lateral (
    select id, a, b, c, d, nullif(lower(language::text), '') as language,
      coalesce(deleted, false) as deleted
    from source) as present
)
