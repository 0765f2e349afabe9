-- operations, run_attempts
\set instance ''''''
\set job '''reindex'''
\set server ''''''
\set variant '''changed'''
\set shard '''0''::bigint'
\set shard_count '''1''::bigint'
\set scheduled_at '''2025-11-08T02:00:00Z''::timestamptz'
\set scheduled_by '''setting'''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, bigint, bigint, timestamptz, unknown, unknown, bigint) as
-- Other runs for the same slot of the same part. A time from the clock is not a slot.
select r.run_id, r.instance, r.job, r.server, r.variant, left(r.series, 4096) as series, r.shard, r.shard_count,
  r.scheduled_at, r.scheduled_by, r.forced, r.by_hand, r.window_start, r.window_end, r.status,
  r.attempt, r.fence, r.started_at, r.finished_at, r.deadline_at, r.duration_ms, r.items_processed, r.behind,
  r.errors_total, left(r.error_kind, 200) as error_kind, left(r.error_message, 16384) as error_message,
  left(r.error_hint, 4096) as error_hint,
  left(r.host, 500) as host, left(r.version, 100) as version, case when pg_column_size(r.counts) <= 131072 and octet_length(r.counts::text) <= 131072 then r.counts
  when r.counts is not null then jsonb_build_object('left_out', pg_column_size(r.counts) || ' bytes as stored') end as counts,
  case when pg_column_size(r.details) <= 131072 and octet_length(r.details::text) <= 131072 then r.details
  when r.details is not null then jsonb_build_object('left_out', pg_column_size(r.details) || ' bytes as stored') end as details
from oneshot.job_runs r
where r.instance = $1 and r.job = $2 and r.server = $3 and r.variant = $4 and r.shard = $5
  and r.shard_count = $6
  and r.scheduled_at = $7 and r.scheduled_by <> 'clock' and $8 <> 'clock'
  and r.run_id <> $9::uuid
order by r.started_at desc, r.run_id desc
limit $10
;
execute golden (:instance, :job, :server, :variant, :shard, :shard_count, :scheduled_at, :scheduled_by, :run_id, :limit);
deallocate golden;
