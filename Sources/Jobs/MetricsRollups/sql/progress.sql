insert into oneshot.rollup_progress as p (
  run_id, granularity, mode, started_at, completed_at, period_start, period_end, records_processed, errors,
  error_message)
values (
  :run_id, :granularity, :mode, clock_timestamp(), case when :is_done then clock_timestamp() end,
  :period_start::timestamptz, :period_end::timestamptz, :records, :errors, :error_message)
on conflict (run_id, granularity) do update
set started_at = coalesce(p.started_at, excluded.started_at), completed_at = excluded.completed_at,
  period_start = least(p.period_start, excluded.period_start), period_end = greatest(p.period_end, excluded.period_end),
  records_processed = p.records_processed + excluded.records_processed, errors = p.errors + excluded.errors,
  error_message = coalesce(p.error_message, excluded.error_message)
