-- Whether a row is of this run's share.
(:shards = 1 or (hashtext(asset_id)::bigint & 2147483647) % :shards = :shard)
