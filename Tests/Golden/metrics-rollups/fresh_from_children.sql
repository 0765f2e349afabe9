-- metrics-rollups, fresh_from_children
\set bucket_start '''2025-11-07T00:00:00Z''::timestamptz'
\set child '''hourly'''
\set source '''metric_events'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
create temporary table oneshot_rollup_fresh on commit drop as
select :bucket_start::timestamptz as bucket_start, metric, entity_type, entity_id, count(*) as rows,
  sum(count)::bigint as count, sum(sum) as sum, min(min) as min, max(max) as max
from metric_rollups
where granularity = :child and source = :source and bucket_start >= :window_start and bucket_start < :window_end
group by metric, entity_type, entity_id
;
