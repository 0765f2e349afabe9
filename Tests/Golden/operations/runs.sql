-- operations, runs
\set instance ''''''
\set job '''reindex'''
\set variant '''changed'''
\set status '''failed'''
\set since '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, timestamptz, bigint) as
-- The newest runs, newest first; a condition that is null does not apply.
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
where ($1::text is null or r.instance = $1)
  and ($2::text is null or r.job = $2) and ($3::text is null or r.variant = $3)
  and ($4::text is null or r.status = $4) and ($5::timestamptz is null or r.started_at >= $5)
order by r.started_at desc, r.run_id desc
limit $6
;
execute golden (:instance, :job, :variant, :status, :since, :limit);
deallocate golden;
