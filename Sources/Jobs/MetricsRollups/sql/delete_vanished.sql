delete from metric_rollups
where granularity = :granularity and source = :source and bucket_start >= :window_start and bucket_start < :window_end
  -- Hashed, whatever the planner thinks of how many there are; a join may become a nested loop over all pairs.
  and (bucket_start, metric, entity_type, entity_id) not in (
    select bucket_start, metric, entity_type, entity_id from oneshot_rollup_fresh)
