-- Dead letters of earlier runs whose counters could be read this time.
update oneshot.dead_letters d
set state = 'resolved', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
where (d.instance, d.job, d.server) = (:instance, :job, :server) and d.state = 'pending'
  and d.payload ->> 'key_prefix' = :key_prefix and d.payload ->> 'usage_date' = :day::date::text
  and exists (
    select from staged_counters s
    where s.usage_date = :day and s.rejection is null and s.merchant_id = d.payload ->> 'merchant_id'
      and s.metric_type = d.payload ->> 'metric_type')
