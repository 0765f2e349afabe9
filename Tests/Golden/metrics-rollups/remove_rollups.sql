-- metrics-rollups, remove_rollups
\set granularity '''hourly'''
\set source '''metric_events'''
\set before '''2025-11-07T00:00:00Z''::timestamptz'
\set batch '''10000''::bigint'
prepare golden (unknown, unknown, timestamptz, bigint) as
delete from metric_rollups
where granularity = $1 and source = $2 and bucket_start < $3 and ctid = any (array(
  select ctid from metric_rollups
  where granularity = $1 and source = $2 and bucket_start < $3
  order by bucket_start
  limit $4))
;
execute golden (:granularity, :source, :before, :batch);
deallocate golden;
