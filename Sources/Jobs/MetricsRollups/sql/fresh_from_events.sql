select *, {sum} as sum
from (
  select date_bin('1 hour', occurred_at, {day_start}) as bucket_start,
    metric::text collate "C" as metric, entity_type::text collate "C" as entity_type, entity_id::text collate "C" as entity_id,
    count(*) as rows, count(value) as count, {sum_exact} as sum_exact, min({value}) as min,
    max({value}) as max
  from {events}
  -- Looked at only where something is wrong: it would cost as much as the rest.
  where (not :only_good or (
    metric is not null and entity_type is not null and entity_id is not null and octet_length(metric::text) <= 512
    and octet_length(entity_type::text) <= 512 and octet_length(entity_id::text) <= 512
    -- NaN is above all numbers, and null is not less.
    and value::double precision > '-Infinity' and value::double precision < 'Infinity'))
  group by 1, 2, 3, 4
) as fresh
