-- reindex, resumable
\set entities '''{"asset","creator"}'''
prepare golden (unknown) as
-- Whether what a stopped rebuild has left can be gone on with. Once it is indexed all was read, and the rest carried over:
-- then it is of use only to a run for just those entities. (Of a dictionary's files nothing is known.)
select table_id is not null and obj_description(table_id, 'pg_class') is not distinct from oneshot.search_dictionaries() and (
    not is_indexed or wanted = (select array_agg(distinct entity order by entity) from oneshot.reindex_cursors
      where mode = 'rebuild')) as is_resumable,
  is_indexed
from to_regclass('search_documents_new') as table_id
cross join lateral (select exists (select from pg_index where indrelid = table_id) as is_indexed) as index
cross join (select array_agg(entity order by entity) as wanted from unnest($1::text[]) as entity) as names
;
execute golden (:entities);
deallocate golden;
