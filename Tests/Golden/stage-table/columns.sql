-- stage-table, columns
\set shown '''tallies'''
prepare golden (unknown) as
-- The table's columns, with what a temporary table needs to have the same.
select
  attname as name, format_type(atttypid, atttypmod) as type,
  format_type(atttypid, atttypmod)
    || case when attcollation <> typcollation then ' collate ' || attcollation::regcollation::text else '' end
    || case when attnotnull then ' not null' else '' end as definition,
  attgenerated <> '' as is_generated, attidentity = 'a' as is_always_identity
from pg_attribute
join pg_type on pg_type.oid = atttypid
where attrelid = to_regclass($1) and attnum > 0 and not attisdropped
order by attnum
;
execute golden (:shown);
deallocate golden;
