-- usage-aggregation, resolve_hourly
\set run_instance ''''''
\set run_job '''usage-aggregation'''
\set run_server '''cache:6379/0'''
\set key_prefix '''h:{merchant}:{yyyyMMddHH}'''
\set day '''2025-11-01''::date'
prepare golden (unknown, unknown, unknown, unknown, date) as
update oneshot.dead_letters as letter
set state = 'resolved', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
where (letter.instance, letter.job) = ($1, $2) and letter.server in ($3, '') and letter.state = 'pending' and (
-- Dead letters of earlier runs whose counters could be read this time.
letter.payload ->> 'key_prefix' = $4 and letter.payload ->> 'usage_date' = $5::date::text
and exists (
  select from staged_counters s
  where s.usage_date = $5 and s.rejection is null and s.merchant_id = letter.payload ->> 'merchant_id'
    and s.metric_type = letter.payload ->> 'metric_type' and coalesce(s.usage_hour::text = letter.payload ->> 'usage_hour', true))

)
;
execute golden (:run_instance, :run_job, :run_server, :key_prefix, :day);
deallocate golden;
