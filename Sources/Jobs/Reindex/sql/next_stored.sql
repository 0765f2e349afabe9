-- The next documents of the index, by their ids.
select entity_id from search_documents
where entity = :entity and (:after::text is null or entity_id > :after)
  and (:shards = 1 or (hashtext(entity_id) & 2147483647) % :shards = :shard)
order by entity_id
limit :limit
