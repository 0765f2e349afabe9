-- The visitors in an hour: a hash of each. (The beginning of its SHA-256, the same on each server and in each version.)
select date_bin('1 hour', occurred_at, {day_start}) as bucket_start,
  metric::text collate "C" as metric, entity_type::text collate "C" as entity_type, entity_id::text collate "C" as entity_id,
  array_agg(distinct ('x' || encode(substr(sha256(convert_to({visitor}, 'UTF8')), 1, 8), 'hex'))::bit(64)::bigint) as hashes,
  {sketches} as sketches
from {events}
where visitor is not null and {good}
group by 1, 2, 3, 4
