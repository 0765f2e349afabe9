-- usage-aggregation, overwrite_regressed_hourly
\set day '''2025-11-01''::date'
prepare golden (date) as
update merchant_usage_hourly t
set value = s.value, updated_at = now()
from (
  select merchant_id, metric_type, usage_hour, max(value) as value
  from staged_counters where usage_date = $1 and rejection is null group by merchant_id, metric_type, usage_hour
) s
where t.usage_date = $1 and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type and t.usage_hour = s.usage_hour
  and s.value < t.value
;
execute golden (:day);
deallocate golden;
