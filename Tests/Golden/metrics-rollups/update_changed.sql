-- metrics-rollups, update_changed
\set granularity '''hourly'''
\set source '''metric_events'''
prepare golden (unknown, unknown) as
update metric_rollups as r set count = c.count, sum = c.sum, sum_exact = c.sum_exact, min = c.min, max = c.max,
  visitors = c.visitors, visitor_hashes = c.visitor_hashes, visitor_sketch = c.visitor_sketch
from oneshot_rollup_changes as c
where c.is_stored and c.is_right and r.granularity = $1 and r.source = $2
  and r.bucket_start = c.bucket_start and r.metric = c.metric and r.entity_type = c.entity_type
  and r.entity_id = c.entity_id
;
execute golden (:granularity, :source);
deallocate golden;
