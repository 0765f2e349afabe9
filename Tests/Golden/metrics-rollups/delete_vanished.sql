-- metrics-rollups, delete_vanished
\set granularity '''hourly'''
\set source '''metric_events'''
prepare golden (unknown, unknown) as
delete from metric_rollups as r
using oneshot_rollup_changes as c
where not c.is_right and r.granularity = $1 and r.source = $2 and r.bucket_start = c.bucket_start
  and r.metric = c.metric and r.entity_type = c.entity_type and r.entity_id = c.entity_id
;
execute golden (:granularity, :source);
deallocate golden;
