-- metrics-rollups, update_changed
\set granularity '''hourly'''
\set source '''metric_events'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz, timestamptz) as
update metric_rollups as r set count = f.count, sum = f.sum, min = f.min, max = f.max
from oneshot_rollup_fresh as f
where r.granularity = $1 and r.source = $2 and r.bucket_start >= $3
  and r.bucket_start < $4
  and f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
  and f.entity_id = r.entity_id
  and (r.count, r.sum, r.min, r.max) is distinct from (f.count, f.sum, f.min, f.max)
;
execute golden (:granularity, :source, :window_start, :window_end);
deallocate golden;
