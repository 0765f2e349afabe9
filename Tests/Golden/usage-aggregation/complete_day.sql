-- usage-aggregation, complete_day
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
\set shard '''0''::bigint'
\set shard_count '''1''::bigint'
\set keys '''1000''::bigint'
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set read_for '''2025-11-08T02:00:00Z''::timestamptz'
\set has_changed 'true'
\set reading ''''''
prepare golden (unknown, unknown, unknown, date, bigint, bigint, bigint, unknown, timestamptz, boolean, unknown) as
insert into oneshot.usage_days as known (
  instance, server, key_prefix, usage_date, shard, shard_count, keys, completed_at, run_id, read_for, changed_at,
  reading)
values (
  $1, $2, $3, $4, $5, $6, $7, now(), $8,
  least($9::timestamptz, now()), case when $10 then now() end, $11)
on conflict (instance, server, key_prefix, usage_date, shard_count, shard) do update
set keys = excluded.keys, completed_at = excluded.completed_at, run_id = excluded.run_id,
  read_for = greatest(known.read_for, excluded.read_for), changed_at = coalesce(excluded.changed_at, known.changed_at),
  reading = excluded.reading
;
execute golden (:instance, :server, :key_prefix, :day, :shard, :shard_count, :keys, :run_id, :read_for, :has_changed, :reading);
deallocate golden;
