-- usage-aggregation, complete_day
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
\set shard '''0''::bigint'
\set shard_count '''1''::bigint'
\set keys '''1000''::bigint'
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
prepare golden (unknown, unknown, unknown, date, bigint, bigint, bigint, unknown) as
insert into oneshot.usage_days (
  instance, server, key_prefix, usage_date, shard, shard_count, keys, completed_at, run_id)
values ($1, $2, $3, $4, $5, $6, $7, now(), $8)
on conflict (instance, server, key_prefix, usage_date, shard_count, shard) do update
set keys = excluded.keys, completed_at = excluded.completed_at, run_id = excluded.run_id
;
execute golden (:instance, :server, :key_prefix, :day, :shard, :shard_count, :keys, :run_id);
deallocate golden;
