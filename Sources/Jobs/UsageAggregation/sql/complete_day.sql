insert into oneshot.usage_days as known (
  instance, server, key_prefix, usage_date, shard, shard_count, keys, completed_at, run_id, read_for, changed_at,
  reading)
values (
  :instance, :server, :key_prefix, :day, :shard, :shard_count, :keys, now(), :run_id,
  least(:read_for::timestamptz, now()), case when :has_changed then now() end, :reading)
on conflict (instance, server, key_prefix, usage_date, shard_count, shard) do update
set keys = excluded.keys, completed_at = excluded.completed_at, run_id = excluded.run_id,
  read_for = greatest(known.read_for, excluded.read_for), changed_at = coalesce(excluded.changed_at, known.changed_at),
  reading = excluded.reading
