-- The parts of the keys of a day's staged counters, from a range of the table's blocks.
select {names_of_keys}{hour}
from staged_counters
where usage_date = :day and rejection is null and ctid >= :first::tid and ctid < :end::tid
