update metric_rollups as r set count = f.count, sum = f.sum, min = f.min, max = f.max
from oneshot_rollup_fresh as f
where r.granularity = :granularity and r.source = :source and r.bucket_start >= :window_start
  and r.bucket_start < :window_end
  and f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
  and f.entity_id = r.entity_id
  and (r.count, r.sum, r.min, r.max) is distinct from (f.count, f.sum, f.min, f.max)
