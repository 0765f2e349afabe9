delete from oneshot.search_unknown
where entity = :entity and shards = :shards and shard = :shard and pass = :pass
