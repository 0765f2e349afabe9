, inserted as (
  insert into merchant_usage (merchant_id, usage_date, metric_type, value)
  select merchant_id, :day, metric_type, value from changed where stored is null
), updated as (
  update merchant_usage t
  set value = c.value, updated_at = now()
  from changed c
  where t.usage_date = :day and t.merchant_id = c.merchant_id and t.metric_type = c.metric_type
    and c.stored < c.value
)
