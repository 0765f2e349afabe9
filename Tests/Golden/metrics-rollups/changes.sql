-- metrics-rollups, changes
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
\set granularity '''hourly'''
\set source '''metric_events'''
-- Stored rows that are not what they should be.
create temporary table oneshot_rollup_changes on commit drop as
select coalesce(f.bucket_start, r.bucket_start) as bucket_start, coalesce(f.metric, r.metric) as metric,
  coalesce(f.entity_type, r.entity_type) as entity_type, coalesce(f.entity_id, r.entity_id) as entity_id,
  r.count is not null as is_stored, f.count is not null as is_right, f.count, f.sum, f.sum_exact, f.min, f.max, f.visitors,
  f.visitor_hashes, f.visitor_sketch
from oneshot_rollup_fresh as f
full join (-- The stored rollups of some stretches of time. (Not flattened: each is looked up by the index, whatever else it is
-- joined with.)
select r.* from unnest(:starts::timestamptz[], :ends::timestamptz[]) as stretch (opens, closes)
cross join lateral (
  select * from metric_rollups
  where granularity = :granularity and source = :source and bucket_start >= opens and bucket_start < closes
  offset 0) as r
) as r
  on f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id
where (f.count, f.sum, f.sum_exact, f.min, f.max, f.visitors, f.visitor_hashes, f.visitor_sketch)
  is distinct from (r.count, r.sum, r.sum_exact, r.min, r.max, r.visitors, r.visitor_hashes, r.visitor_sketch)
;
