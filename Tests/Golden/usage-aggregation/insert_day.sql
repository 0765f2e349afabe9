-- usage-aggregation, insert_day
\set day '''2025-11-01''::date'
prepare golden (date) as
-- A day that was never written: nothing to compare with. Sorted like the primary key.
insert into merchant_usage (merchant_id, usage_date, metric_type, value)
select distinct on (merchant_id, metric_type) merchant_id, usage_date, metric_type, value
from staged_counters
where usage_date = $1 and rejection is null
order by merchant_id, metric_type, value desc
;
execute golden (:day);
deallocate golden;
