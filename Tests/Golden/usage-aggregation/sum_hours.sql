-- usage-aggregation, sum_hours
\set day '''2025-11-01''::date'
prepare golden (date) as
-- Brings the sums of a day up to the hours that are stored.
insert into merchant_usage (merchant_id, usage_date, metric_type, value)
select hours.merchant_id, $1, hours.metric_type, hours.value
from (
  select merchant_id, metric_type, sum(value)::bigint as value
  from merchant_usage_hourly where usage_date = $1 group by merchant_id, metric_type
) hours
left join merchant_usage stored
  on stored.usage_date = $1 and stored.merchant_id = hours.merchant_id and stored.metric_type = hours.metric_type
where stored.value is distinct from hours.value
order by hours.merchant_id, hours.metric_type
on conflict (merchant_id, usage_date, metric_type) do update set value = excluded.value, updated_at = now()
;
execute golden (:day);
deallocate golden;
