delete from metric_rollups as r
where granularity = :granularity and source = :source and bucket_start >= :window_start and bucket_start < :window_end
  and not exists (
    select from rollup_fresh as f
    where f.bucket_start = r.bucket_start and f.metric = r.metric and f.entity_type = r.entity_type
      and f.entity_id = r.entity_id)
