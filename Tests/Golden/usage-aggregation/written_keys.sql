-- usage-aggregation, written_keys
\set key_prefix '''usage:'''
\set day '''2025-11-01''::date'
\set first '''(0,0)'''
\set end '''(64,0)'''
prepare golden (unknown, date, unknown, unknown) as
-- The keys behind what was staged of a day, from a stretch of the table's blocks.
select $1 || merchant_id || ':' || usage_date || ':' || metric_type as key
from staged_counters
where usage_date = $2 and rejection is null and ctid >= $3::tid and ctid < $4::tid
;
execute golden (:key_prefix, :day, :first, :end);
deallocate golden;
