, inserted as (
  insert into {table} (merchant_id, usage_date, metric_type{hour}, value)
  select merchant_id, :day, metric_type{hour}, value from changed where stored is null
), updated as (
  update {table} t
  set value = s.value, updated_at = now()
  from changed s
  where t.usage_date = :day and t.merchant_id = s.merchant_id and t.metric_type = s.metric_type{same_hour}
    and s.stored < s.value
)
