-- Dead letters of this entity, and of this shard of its documents, that are older than the pass.
select item
from oneshot.dead_letters
cross join lateral (select substr(item, length(:entity) + 2) as entity_id) as document
where job = :job and state = 'pending' and last_failed_at < :since
  and (item = :entity
    or starts_with(item, :entity || '/')
      and (:shards = 1 or (hashtext(entity_id) & 2147483647) % :shards = :shard))
