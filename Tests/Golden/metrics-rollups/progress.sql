-- metrics-rollups, progress
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set granularity '''hourly'''
\set mode '''incremental'''
\set is_done 'true'
\set period_start '''2025-11-07T00:00:00Z''::timestamptz'
\set period_end '''2025-11-08T00:00:00Z''::timestamptz'
\set records '''5''::bigint'
\set errors '''0''::bigint'
\set error_message 'null'
prepare golden (unknown, unknown, unknown, boolean, timestamptz, timestamptz, bigint, bigint, unknown) as
insert into oneshot.rollup_progress as p (
  run_id, granularity, mode, started_at, completed_at, period_start, period_end, records_processed, errors,
  error_message)
values (
  $1, $2, $3, clock_timestamp(), case when $4 then clock_timestamp() end,
  $5::timestamptz, $6::timestamptz, $7, $8, $9)
on conflict (run_id, granularity) do update
set started_at = coalesce(p.started_at, excluded.started_at), completed_at = excluded.completed_at,
  period_start = least(p.period_start, excluded.period_start), period_end = greatest(p.period_end, excluded.period_end),
  records_processed = p.records_processed + excluded.records_processed, errors = p.errors + excluded.errors,
  error_message = coalesce(p.error_message, excluded.error_message)
;
execute golden (:run_id, :granularity, :mode, :is_done, :period_start, :period_end, :records, :errors, :error_message);
deallocate golden;
