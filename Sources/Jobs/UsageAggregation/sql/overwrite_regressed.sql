update {table} t
set value = s.value, updated_at = now()
from (
  select merchant_id, metric_type{hour}, max(value) as value
  from staged_counters where usage_date = :day and rejection is null group by merchant_id, metric_type{hour}
) s
where t.usage_date = :day and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type{same_hour}
  and s.value < t.value
