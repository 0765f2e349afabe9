delete from metric_rollups
where granularity = :granularity and source = :source and bucket_start < :before and ctid = any (array(
  select ctid from metric_rollups
  where granularity = :granularity and source = :source and bucket_start < :before
  order by bucket_start
  limit :batch))
