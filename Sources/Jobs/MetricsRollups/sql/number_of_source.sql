-- What type the values have; of a domain, the one below it. No row is read.
select pg_typeof(coalesce(value, null))::text as type from (values (1)) as one left join event on false
