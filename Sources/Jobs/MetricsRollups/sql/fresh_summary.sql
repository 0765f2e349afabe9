select count(*) as groups, coalesce(sum(rows), 0)::bigint as records,
  coalesce(
    bool_or(
      metric is null or entity_type is null or entity_id is null or octet_length(metric) > 512
      or octet_length(entity_type) > 512 or octet_length(entity_id) > 512
      or :from_events and rows <> count or not (min > '-Infinity' and max < 'Infinity') or sum is null),
    false) as has_bad_rows,
  (
    select count(*) from metric_rollups
    where granularity = :granularity and source = :source and bucket_start >= :window_start
      and bucket_start < :window_end) as stored
from oneshot_rollup_fresh
