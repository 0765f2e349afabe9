-- metrics-rollups, insert_new
\set granularity '''hourly'''
\set source '''metric_events'''
\set is_stored 'true'
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (unknown, unknown, boolean, timestamptz, timestamptz) as
insert into metric_rollups (granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, min, max)
select $1, bucket_start, $2, metric, entity_type, entity_id, count, sum, min, max
from oneshot_rollup_fresh as f
where not $3 or not exists (
  select from metric_rollups as r
  where r.granularity = $1 and r.source = $2 and r.bucket_start >= $4
    and r.bucket_start < $5
    and f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id)
;
execute golden (:granularity, :source, :is_stored, :window_start, :window_end);
deallocate golden;
