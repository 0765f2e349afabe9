-- The type of a source's written_by. For a source without such a column the name resolves to the outer one, which is a
-- text. No row is read.
select (select pg_typeof(written_by)::text from (values (1)) as one left join event on false) as writer,
  pg_typeof(metric), pg_typeof(entity_type), pg_typeof(entity_id), pg_typeof(value::double precision),
  pg_typeof(occurred_at::timestamptz)
from (select 'none'::text as written_by) as missing
left join event on false
