-- usage-aggregation, written_keys_hourly
\set day '''2025-11-01''::date'
\set first '''(0,0)'''
\set end '''(64,0)'''
prepare golden (date, unknown, unknown) as
-- The parts of the keys of a day's staged counters, from a range of the table's blocks.
select distinct merchant_id, '' as metric_type, usage_hour
from staged_counters
where usage_date = $1 and rejection is null and ctid >= $2::tid and ctid < $3::tid
;
execute golden (:day, :first, :end);
deallocate golden;
