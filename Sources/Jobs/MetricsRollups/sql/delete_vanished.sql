delete from metric_rollups
where granularity = :granularity and source = :source and bucket_start >= :window_start and bucket_start < :window_end
  -- All of the fresh rows are stored by now, so only where more are has one to be looked for.
  and (select count(*) from rollup_fresh) < (
    select count(*) from metric_rollups
    where granularity = :granularity and source = :source and bucket_start >= :window_start and bucket_start < :window_end)
  -- Hashed, whatever the planner thinks of how many there are; a join may become a nested loop over all pairs.
  and (bucket_start, metric, entity_type, entity_id) not in (
    select bucket_start, metric, entity_type, entity_id from rollup_fresh)
