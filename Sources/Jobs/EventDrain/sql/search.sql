-- handles: search.update
-- needs: search_pending(entity, entity_id) insert
--
-- Queues documents for reindex (REINDEX_MODE=pending): data has an entity and an entity_id.
with good as (
  select n, data ->> 'entity' as entity, data ->> 'entity_id' as entity_id
  from events
  where data ->> 'entity' <> '' and data ->> 'entity_id' <> ''
), queued as (
  insert into search_pending (entity, entity_id)
  select entity, entity_id from good group by entity, entity_id order by min(n)
)
select n, 'reject' as outcome, 'data has no entity and entity_id' as message
from events where n not in (select n from good)
