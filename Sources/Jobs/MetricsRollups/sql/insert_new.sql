insert into metric_rollups (
  granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, sum_exact, min, max)
select :granularity, bucket_start, :source, metric, entity_type, entity_id, count, sum, sum_exact, min, max
from {rows}
