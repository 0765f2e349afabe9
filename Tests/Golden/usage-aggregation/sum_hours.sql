-- usage-aggregation, sum_hours
\set day '''2025-11-01''::date'
\set overwrite 'false'
prepare golden (date, boolean) as
-- Updates the sums of a day to its stored hours, and counts the sums that would become smaller.
with sums as materialized (
  select hours.merchant_id, hours.metric_type, hours.value, t.value as stored
  from (
    select merchant_id, metric_type, sum(value)::bigint as value
    from merchant_usage_hourly where usage_date = $1 group by merchant_id, metric_type
  ) hours
  left join merchant_usage t
    on t.usage_date = $1 and t.merchant_id = hours.merchant_id and t.metric_type = hours.metric_type
  where t.value is distinct from hours.value
), written as (
  insert into merchant_usage (merchant_id, usage_date, metric_type, value)
  select merchant_id, $1, metric_type, value from sums where stored is null or value > stored or $2
  order by merchant_id, metric_type
  on conflict (merchant_id, usage_date, metric_type) do update set value = excluded.value, updated_at = now()
)
select count(*) filter (where value < stored) as regressed from sums
;
execute golden (:day, :overwrite);
deallocate golden;
