-- Both sides of one day. A shard sees only its own counters, so it ignores rows without one.
with counters as (
  select merchant_id, metric_type{hour}, max(value) as value
  from staged_counters where usage_date = :day and rejection is null group by merchant_id, metric_type{hour}
), stored as (
  select merchant_id, metric_type{hour}, value
  from {table} where usage_date = :day and (:merchant::text is null or merchant_id = :merchant)
)
select
  count(c.value) as redis_keys,
  coalesce(sum(c.value), 0)::text as redis_sum,
  count(t.value) as postgres_rows,
  coalesce(sum(t.value), 0)::text as postgres_sum,
  count(*) filter (where t.value is null) as missing,
  count(*) filter (where c.value <> t.value) as differing
from counters c full join stored t using (merchant_id, metric_type{hour})
where :is_whole or c.value is not null
