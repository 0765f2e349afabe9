-- The keys behind what was staged of a day, from a stretch of the table's blocks.
select :key_prefix || merchant_id || ':' || usage_date || ':' || metric_type as key
from staged_counters
where usage_date = :day and rejection is null and ctid >= :first::tid and ctid < :end::tid
