-- reindex, describe
prepare golden as
with source as not materialized (select * from (-- Tags may be a text, an array or jsonb. Where the table has no deleted_at or language, the name is found in the outer
-- query, as a null.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b, tags as c,
    deleted_at is not null as deleted, language
  from assets) as present
) as file),
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

-- Whether the file yields what it has to, may be read, and has ids that can be looked for and sorted. A pseudo-type (a
-- record) cannot be read from a text.
select pg_typeof(present.id)::text as id_type,
  (select typtype = 'p' from pg_type where oid = pg_typeof(present.id)) as is_pseudo
from (select 1) as one
left join (select id, a from source_rows where false and id = any ('{}') order by id) as present on true
;
execute golden;
deallocate golden;
