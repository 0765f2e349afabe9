select coalesce(sum(rows), 0)::bigint as records,
  coalesce(
    bool_or(
      metric is null or entity_type is null or entity_id is null or octet_length(metric) > 512
      or octet_length(entity_type) > 512 or octet_length(entity_id) > 512
      or :from_events and rows <> count or not (min > '-Infinity' and max < 'Infinity') or sum is null),
    false) as has_bad_rows,
  exists ({stored}) as has_stored
from oneshot_rollup_fresh
