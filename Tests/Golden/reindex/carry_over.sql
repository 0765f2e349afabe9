-- reindex, carry_over
\set entities '''{"asset","creator"}'''
prepare golden (unknown) as
-- What this rebuild has not read stays as it was. Which entities there are is known by one look at the index for each, so
-- that where all were read neither table is. (An earlier run may have been stopped after it had done this.)
with recursive stored (entity) as (
  (select entity from search_documents order by entity limit 1)
  union all
  select (select entity from search_documents as other where other.entity > stored.entity order by entity limit 1)
  from stored where entity is not null
), unread as materialized (
  select entity from stored where entity <> all ($1::text[])
), again as (
  delete from search_documents_new where entity <> all ($1::text[]) and exists (select from unread)
)
insert into search_documents_new
select * from search_documents where entity = any (array(select entity from unread)) and exists (select from unread)
;
execute golden (:entities);
deallocate golden;
