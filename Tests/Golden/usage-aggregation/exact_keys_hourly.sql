-- usage-aggregation, exact_keys_hourly
\set day '''2025-11-01''::date'
prepare golden (date) as
-- How many counters of a day were staged; those that SCAN returned twice count once.
select count(*) as keys from (
  select from staged_counters where usage_date = $1 and rejection is null
  group by merchant_id, metric_type, usage_hour) distinct_keys
;
execute golden (:day);
deallocate golden;
