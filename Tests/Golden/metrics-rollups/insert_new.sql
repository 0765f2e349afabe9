-- metrics-rollups, insert_new
\set granularity '''hourly'''
\set source '''metric_events'''
prepare golden (unknown, unknown) as
insert into metric_rollups (
  granularity, bucket_start, source, metric, entity_type, entity_id, count, sum, sum_exact, min, max, visitors,
  visitor_hashes, visitor_sketch)
select $1, bucket_start, $2, metric, entity_type, entity_id, count, sum, sum_exact, min, max, visitors,
  visitor_hashes, visitor_sketch
from oneshot_rollup_fresh
;
execute golden (:granularity, :source);
deallocate golden;
