-- What types values and times have; of a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as value, pg_typeof(coalesce(occurred_at, null))::text as time,
  -- A source without visitors finds ours, of a type that none has.
  (select pg_typeof(coalesce(visitor, null))::text from (values (1)) as one left join event on false) as visitor,
  (select nspname from pg_extension join pg_namespace on pg_namespace.oid = extnamespace where extname = 'hll') as hll
from (select null::pg_lsn as visitor) as missing left join event on false
