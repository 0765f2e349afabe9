-- usage-aggregation, note_reading
\set read_for '''2025-11-08T02:00:00Z''::timestamptz'
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
\set shard_count '''1''::bigint'
\set shard '''0''::bigint'
prepare golden (timestamptz, unknown, unknown, unknown, date, bigint, bigint) as
update oneshot.usage_days
set read_for = greatest(read_for, least($1::timestamptz, now()))
where instance = $2 and server = $3 and key_prefix = $4 and usage_date = $5
  and shard_count = $6 and shard = $7
;
execute golden (:read_for, :instance, :server, :key_prefix, :day, :shard_count, :shard);
deallocate golden;
