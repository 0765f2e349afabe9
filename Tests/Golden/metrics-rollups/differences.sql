-- metrics-rollups, differences
\set pending '''{"2025-11-07T00:00:00Z"}'''
\set granularity '''hourly'''
\set source '''metric_events'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set limit '''100''::bigint'
prepare golden (unknown, unknown, unknown, timestamptz, timestamptz, bigint) as
-- Where what is stored is not what it should be. The last digits of a sum depend on the order in which it was added up:
-- within a billionth of the largest that it could be, it is the same.
select coalesce(f.bucket_start, r.bucket_start) as bucket_start, coalesce(f.metric, r.metric) as metric,
  coalesce(f.entity_type, r.entity_type) as entity_type, coalesce(f.entity_id, r.entity_id) as entity_id,
  case when r.count is null then 'nothing' else format('count %s, sum %s, min %s, max %s', r.count, r.sum, r.min, r.max) end
    as stored,
  case when f.count is null then 'nothing' else format('count %s, sum %s, min %s, max %s', f.count, f.sum, f.min, f.max) end
    as expected,
  count(*) over () as total
from (select * from oneshot_rollup_fresh where not bucket_start = any ($1::timestamptz[])) as f
full join (
  select * from metric_rollups
  where granularity = $2 and source = $3 and bucket_start >= $4 and bucket_start < $5
    and not bucket_start = any ($1::timestamptz[])) as r
  on f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id
cross join lateral (select nullif(greatest(abs(f.min), abs(f.max)), 0) as most) as largest
where f.count is null or r.count is null or (f.count, f.min, f.max) <> (r.count, r.min, r.max)
  or coalesce(abs(f.sum / most - r.sum / most) > 1e-9 * f.count, f.sum <> r.sum)
order by 1, 2, 3, 4
limit $6
;
execute golden (:pending, :granularity, :source, :window_start, :window_end, :limit);
deallocate golden;
