-- usage-aggregation, status_hourly
\set day '''2025-11-01''::date'
\set merchant 'null'
\set is_whole 'true'
prepare golden (date, unknown, boolean) as
-- Both sides of one day. A shard sees only its own counters, so it ignores rows without one.
with counters as (
  select merchant_id, metric_type, usage_hour, max(value) as value
  from staged_counters where usage_date = $1 and rejection is null group by merchant_id, metric_type, usage_hour
), stored as (
  select merchant_id, metric_type, usage_hour, value
  from merchant_usage_hourly where usage_date = $1 and ($2::text is null or merchant_id = $2)
)
select
  count(c.value) as redis_keys,
  coalesce(sum(c.value), 0)::text as redis_sum,
  count(t.value) as postgres_rows,
  coalesce(sum(t.value), 0)::text as postgres_sum,
  count(*) filter (where t.value is null) as missing,
  count(*) filter (where c.value <> t.value) as differing
from counters c full join stored t using (merchant_id, metric_type, usage_hour)
where $3 or c.value is not null
;
execute golden (:day, :merchant, :is_whole);
deallocate golden;
