-- Counters of a day that are smaller than the stored values.
select s.merchant_id, s.metric_type{staged_hour}, max(s.value) as value, t.value as stored
from staged_counters s
join {table} t
  on t.usage_date = :day and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type{same_hour}
where s.usage_date = :day
group by s.merchant_id, s.metric_type{staged_hour}, t.value
having max(s.value) < t.value
order by s.merchant_id, s.metric_type{staged_hour}
limit :limit
