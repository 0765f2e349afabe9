-- The types of values and times; for a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as value, pg_typeof(coalesce(occurred_at, null))::text as time,
  -- For a source without visitors the name resolves to the outer column, of a type that no source uses.
  (select pg_typeof(coalesce(visitor, null))::text from (values (1)) as one left join event on false) as visitor,
  (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'hll') as hll
from (select null::pg_lsn as visitor) as missing left join event on false
