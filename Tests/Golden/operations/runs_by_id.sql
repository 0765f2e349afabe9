-- operations, runs_by_id
\set ids '''{"01a228a9-1ce6-7a5b-af9a-758367ac1df3"}'''
prepare golden (unknown) as
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
where r.run_id = any ($1::uuid[])
;
execute golden (:ids);
deallocate golden;
