-- stage-table, columns
\set shown '''tallies'''
prepare golden (unknown) as
-- The table's columns, with what a temporary table needs to have the same.
select
  attname as name, format_type(atttypid, atttypmod) as type,
  format_type(atttypid, atttypmod)
    || case when attcollation <> typcollation then ' collate ' || attcollation::regcollation::text else '' end
    || case when attnotnull then ' not null' else '' end as definition,
  attgenerated <> '' as is_generated, attidentity = 'a' as is_always_identity,
  -- Whether equal values may have different bytes. What is not known here may.
  typtype <> 'e' and atttypid <> all (array[
      'bool', 'int2', 'int4', 'int8', 'oid', 'text', 'varchar', 'name', 'uuid', 'bytea', 'date', 'time', 'timestamp',
      'timestamptz', 'inet']::regtype[])
    or exists (select from pg_collation where pg_collation.oid = attcollation and not collisdeterministic) as is_loose
from pg_attribute
join pg_type on pg_type.oid = atttypid
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
order by attnum
;
execute golden (:shown);
deallocate golden;
