insert into oneshot.usage_days (
  instance, server, key_prefix, usage_date, shard, shard_count, keys, completed_at, run_id)
values (:instance, :server, :key_prefix, :day, :shard, :shard_count, :keys, now(), :run_id)
on conflict (instance, server, key_prefix, usage_date, shard_count, shard) do update
set keys = excluded.keys, completed_at = excluded.completed_at, run_id = excluded.run_id
