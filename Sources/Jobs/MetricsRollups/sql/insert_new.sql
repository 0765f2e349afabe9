insert into metric_rollups (granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, min, max)
select :granularity, bucket_start, :source, metric, entity_type, entity_id, count, sum, min, max
from oneshot_rollup_fresh as f
where not :is_stored or not exists (
  select from metric_rollups as r
  where r.granularity = :granularity and r.source = :source and r.bucket_start >= :window_start
    and r.bucket_start < :window_end
    and f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
    and f.entity_id = r.entity_id)
