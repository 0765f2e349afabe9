-- Whether a row of rewards (r) is of this run's types and share.
(:types::text[] is null or r.type::text = any (:types::text[]))
    and (hashtext(r.id::text)::bigint & 2147483647) % :shards = :shard
