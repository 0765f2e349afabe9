-- Sums of a day's hours that are smaller than the stored value of the day.
select merchant_id, metric_type, hours.value, t.value as stored
from (
  select merchant_id, metric_type, sum(value)::bigint as value
  from merchant_usage_hourly where usage_date = :day group by merchant_id, metric_type
) hours
join merchant_usage t using (merchant_id, metric_type)
where t.usage_date = :day and hours.value < t.value
order by merchant_id, metric_type
limit :limit
