-- How many counters of a day were staged; those that SCAN returned twice count once.
select count(*) as keys from (
  select from staged_counters where usage_date = :day and rejection is null
  group by merchant_id, metric_type{hour}) distinct_keys
