delete from metric_rollups as r
using oneshot_rollup_changes as c
where not c.is_right and r.granularity = :granularity and r.source = :source and r.bucket_start = c.bucket_start
  and r.metric = c.metric and r.entity_type = c.entity_type and r.entity_id = c.entity_id
