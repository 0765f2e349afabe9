-- reindex, rebuilt
\set entities '''{"asset","creator"}'''
prepare golden (unknown) as
-- What the swap changes in the index. What could not be made again was carried over, with the time at which it was indexed;
-- it has been counted as failed.
select coalesce(rebuilt.entity, stored.entity) as entity,
  count(*) filter (where stored.entity is null) as inserted,
  count(*) filter (where rebuilt.source_hash <> stored.source_hash and rebuilt.indexed_at <> stored.indexed_at) as updated,
  count(*) filter (where rebuilt.source_hash = stored.source_hash and rebuilt.indexed_at <> stored.indexed_at) as unchanged,
  count(*) filter (where rebuilt.entity is null) as removed
from (
  select entity, entity_id, source_hash, indexed_at from search_documents_new
  where entity = any ($1::text[])) as rebuilt
full join (
  select entity, entity_id, source_hash, indexed_at from search_documents
  where entity = any ($1::text[])) as stored
  on stored.entity = rebuilt.entity and stored.entity_id = rebuilt.entity_id
group by 1
order by 1
;
execute golden (:entities);
deallocate golden;
