-- usage-aggregation, smaller_sums
\set day '''2025-11-01''::date'
\set limit '''100''::bigint'
prepare golden (date, bigint) as
-- Sums of a day's hours that are smaller than the stored value of the day.
select merchant_id, metric_type, hours.value, t.value as stored
from (
  select merchant_id, metric_type, sum(value)::bigint as value
  from merchant_usage_hourly where usage_date = $1 group by merchant_id, metric_type
) hours
join merchant_usage t using (merchant_id, metric_type)
where t.usage_date = $1 and hours.value < t.value
order by merchant_id, metric_type
limit $2
;
execute golden (:day, :limit);
deallocate golden;
