update oneshot.usage_days
set read_for = greatest(read_for, least(:read_for::timestamptz, now()))
where instance = :instance and server = :server and key_prefix = :key_prefix and usage_date = :day
  and shard_count = :shard_count and shard = :shard
