-- metrics-rollups, types_of_metric_events
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) -- The types of values and times; for a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as value, pg_typeof(coalesce(occurred_at, null))::text as time,
  -- For a source without visitors the name resolves to the outer column, of a type that no source uses.
  (select pg_typeof(coalesce(visitor, null))::text from (values (1)) as one left join event on false) as visitor,
  (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'hll') as hll
from (select null::pg_lsn as visitor) as missing left join event on false
;
execute golden (:window_start, :window_end);
deallocate golden;
