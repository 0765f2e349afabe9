select fresh.*, {sum} as sum, {visitor_columns}
from (
  select date_bin('1 hour', occurred_at, {day_start}) as bucket_start,
    metric::text collate "C" as metric, entity_type::text collate "C" as entity_type, entity_id::text collate "C" as entity_id,
    count(*) as rows, count(value) as count, {sum_exact} as sum_exact, min({value}) as min,
    max({value}) as max
  from {events}
  where {good}
  group by 1, 2, 3, 4
) as fresh
{visitors}
