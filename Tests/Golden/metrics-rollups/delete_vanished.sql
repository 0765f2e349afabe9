-- metrics-rollups, delete_vanished
\set granularity '''hourly'''
\set source '''metric_events'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz, timestamptz) as
delete from metric_rollups
where granularity = $1 and source = $2 and bucket_start >= $3 and bucket_start < $4
  -- Hashed, whatever the planner thinks of how many there are; a join may become a nested loop over all pairs.
  and (bucket_start, metric, entity_type, entity_id) not in (
    select bucket_start, metric, entity_type, entity_id from oneshot_rollup_fresh)
;
execute golden (:granularity, :source, :window_start, :window_end);
deallocate golden;
