insert into metric_rollups (
  granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, sum_exact, min, max, visitors,
  visitor_hashes, visitor_sketch)
select :granularity, bucket_start, :source, metric, entity_type, entity_id, count, sum, sum_exact, min, max, visitors,
  visitor_hashes, visitor_sketch
from {rows}
