-- reindex, sweep_as_text
\set ids '''{"5","700"}'''
\set entity '''asset'''
prepare golden (unknown, unknown) as
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
,
-- The same, with ids in whatever form; reads the whole source.
page as materialized (select id from source_rows where id::text collate "C" = any ($1))
,
-- Of the listed documents those leave the index that their source no longer has.
gone as materialized (
  select entity_id from search_documents
  where entity = $2 and entity_id in (
    select id::text from unnest($1) as listed (id) except select id::text collate "C" from page)
)

select entity_id from gone order by 1
;
execute golden (:ids, :entity);
deallocate golden;
