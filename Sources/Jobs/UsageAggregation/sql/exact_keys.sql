-- How many counters were staged of a day, those counted once that SCAN returned twice.
select count(*) as keys from (
  select from staged_counters where usage_date = :day and rejection is null
  group by merchant_id, metric_type{hour}) distinct_keys
