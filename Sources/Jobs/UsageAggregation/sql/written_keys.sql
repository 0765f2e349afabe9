-- The keys behind what was staged, a page at a time, in the order in which they lie in the table.
select ctid::text as position, :key_prefix || merchant_id || ':' || usage_date || ':' || metric_type as key
from staged_counters
where ctid > :after::tid and rejection is null
order by ctid
limit :limit
