-- Whether a row of rewards (r) is of this run's types and share.
(:types::text[] is null or r.type::text collate "C" = any (:types::text[]))
    and (hashtext(r.id::text collate "C")::bigint & 2147483647) % :shards = :shard
