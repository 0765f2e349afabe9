-- A day that was never written: nothing to compare with. Sorted like the primary key.
insert into {table} (merchant_id, usage_date, metric_type{hour}, value)
select distinct on (merchant_id, metric_type{hour}) merchant_id, usage_date, metric_type{hour}, value
from staged_counters
where usage_date = :day and rejection is null
order by merchant_id{hour}, metric_type, value desc
