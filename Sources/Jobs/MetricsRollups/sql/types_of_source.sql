-- What types values and times have; of a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as value, pg_typeof(coalesce(occurred_at, null))::text as time
from (values (1)) as one left join event on false
