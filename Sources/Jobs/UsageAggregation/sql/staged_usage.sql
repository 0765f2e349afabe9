-- The view that USAGE_TARGET reads: the counters of the day that is written, each once.
create or replace temporary view oneshot_staged_usage as
select merchant_id as merchant, usage_date as day{hour_or_none} as hour, metric_type as metric, max(value) as value
from staged_counters
where usage_date = current_setting('oneshot.usage_day')::date and rejection is null
group by merchant_id, usage_date, metric_type{hour}
