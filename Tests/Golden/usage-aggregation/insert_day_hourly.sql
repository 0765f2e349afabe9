-- usage-aggregation, insert_day_hourly
\set day '''2025-11-01''::date'
prepare golden (date) as
-- A day that was never written: nothing to compare with. Sorted like the primary key.
insert into merchant_usage_hourly (merchant_id, usage_date, metric_type, usage_hour, value)
select distinct on (merchant_id, metric_type, usage_hour) merchant_id, usage_date, metric_type, usage_hour, value
from staged_counters
where usage_date = $1 and rejection is null
order by merchant_id, usage_hour, metric_type, value desc
;
execute golden (:day);
deallocate golden;
