-- metrics-rollups, fresh_summary
\set from_events 'true'
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
\set granularity '''hourly'''
\set source '''metric_events'''
prepare golden (boolean, unknown, unknown, unknown, unknown) as
select coalesce(sum(rows), 0)::bigint as records,
  coalesce(
    bool_or(
      metric is null or entity_type is null or entity_id is null or octet_length(metric) > 512
      or octet_length(entity_type) > 512 or octet_length(entity_id) > 512
      or $1 and rows <> count or not (min > '-Infinity' and max < 'Infinity') or sum is null),
    false) as has_bad_rows,
  exists (-- The stored rollups of some stretches of time. (Not flattened: each is looked up by the index, whatever else it is
-- joined with.)
select r.* from unnest($2::timestamptz[], $3::timestamptz[]) as stretch (opens, closes)
cross join lateral (
  select * from metric_rollups
  where granularity = $4 and source = $5 and bucket_start >= opens and bucket_start < closes
  offset 0) as r
) as has_stored
from oneshot_rollup_fresh
;
execute golden (:from_events, :starts, :ends, :granularity, :source);
deallocate golden;
