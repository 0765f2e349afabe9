select count(*) as documents from search_documents
where entity = :entity and (:shards = 1 or (hashtext(entity_id) & 2147483647) % :shards = :shard)
