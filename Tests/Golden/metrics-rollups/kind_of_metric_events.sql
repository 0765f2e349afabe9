-- metrics-rollups, kind_of_metric_events
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) -- The type of a source's written_by. For a source without such a column the name resolves to the outer one, which is a
-- text. No row is read.
select (select pg_typeof(written_by)::text from (values (1)) as one left join event on false) as writer,
  pg_typeof(metric), pg_typeof(entity_type), pg_typeof(entity_id), pg_typeof(value::double precision),
  pg_typeof(occurred_at::timestamptz)
from (select 'none'::text as written_by) as missing
left join event on false
;
execute golden (:window_start, :window_end);
deallocate golden;
