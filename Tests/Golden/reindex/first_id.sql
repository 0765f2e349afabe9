-- reindex, first_id
\set after '''5000'''
\set upto '''100000'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set limit '''500''::bigint'
prepare golden (unknown, unknown, bigint, bigint, bigint) as
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
-- The same documents as page.sql, read by their ids: so no other one's texts are made, however the server finds and sorts
-- them. For a page in which a document fails.
page_ids as materialized (
  select id from source_rows
  where (id > $1 or $1 is null) and id <= $2
    and ($3 = 1 or (hashtext(id::text collate "C") & 2147483647) % $3 = $4)
  order by id
  fetch first ($5) rows with ties
), page as materialized (select * from source_rows where id = any (array(select id from page_ids)))

select id::text as id from page_ids limit 1
;
execute golden (:after, :upto, :shards, :shard, :limit);
deallocate golden;
