-- Dead letters of this entity, and of this shard of its documents, that are older than the pass.
letter.last_failed_at < :since
and (letter.item = :entity
  or starts_with(letter.item, :entity || '/')
    and (:shards = 1
      or (hashtext(substr(letter.item, length(:entity) + 2)) & 2147483647) % :shards = :shard))
