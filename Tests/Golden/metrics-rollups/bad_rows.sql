-- metrics-rollups, bad_rows
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) -- Counts what is wrong with rows that are left out.
select count(*) as rows,
  count(*) filter (where metric is null or entity_type is null or entity_id is null) as nameless,
  count(*) filter (where octet_length(metric::text) > 512 or octet_length(entity_type::text) > 512
    or octet_length(entity_id::text) > 512) as too_long,
  count(*) filter (where value is null) as without_value,
  count(*) filter (where not (value::double precision > '-Infinity' and value::double precision < 'Infinity')) as not_finite
from event
where occurred_at >= $1 and occurred_at < $2
  and (metric is null or entity_type is null or entity_id is null or octet_length(metric::text) > 512
    or octet_length(entity_type::text) > 512 or octet_length(entity_id::text) > 512 or value is null
    or not (value::double precision > '-Infinity' and value::double precision < 'Infinity'))
;
execute golden (:window_start, :window_end);
deallocate golden;
