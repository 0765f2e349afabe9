-- usage-aggregation, regressed_hourly
\set day '''2025-11-01''::date'
\set limit '''100''::bigint'
prepare golden (date, bigint) as
-- Counters of a day that are smaller than the stored values.
select s.merchant_id, s.metric_type, s.usage_hour, max(s.value) as value, t.value as stored
from staged_counters s
join merchant_usage_hourly t
  on t.usage_date = $1 and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type and t.usage_hour = s.usage_hour
where s.usage_date = $1
group by s.merchant_id, s.metric_type, s.usage_hour, t.value
having max(s.value) < t.value
order by s.merchant_id, s.metric_type, s.usage_hour
limit $2
;
execute golden (:day, :limit);
deallocate golden;
