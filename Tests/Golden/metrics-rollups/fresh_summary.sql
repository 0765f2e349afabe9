-- metrics-rollups, fresh_summary
\set from_events 'true'
\set granularity '''hourly'''
\set source '''metric_events'''
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (boolean, unknown, unknown, timestamptz, timestamptz) as
select count(*) as groups, coalesce(sum(rows), 0)::bigint as records,
  coalesce(
    bool_or(
      metric is null or entity_type is null or entity_id is null or octet_length(metric) > 512
      or octet_length(entity_type) > 512 or octet_length(entity_id) > 512
      or $1 and rows <> count or not (min > '-Infinity' and max < 'Infinity') or sum is null),
    false) as has_bad_rows,
  (
    select count(*) from metric_rollups
    where granularity = $2 and source = $3 and bucket_start >= $4
      and bucket_start < $5) as stored
from oneshot_rollup_fresh
;
execute golden (:from_events, :granularity, :source, :window_start, :window_end);
deallocate golden;
