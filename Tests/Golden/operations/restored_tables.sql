-- operations, restored_tables
prepare golden as
-- The tables whose rows carry the number of the transaction that wrote them.
select n.nspname as schema, c.relname as name,
  pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_table_privilege(c.oid, 'select')
    and pg_catalog.has_column_privilege(c.oid, a.attnum, 'update') as is_open
from pg_catalog.pg_attribute as a
join pg_catalog.pg_class as c on c.oid = a.attrelid
join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where a.attname = 'written_by' and a.atttypid = 'pg_catalog.xid8'::pg_catalog.regtype and not a.attisdropped
  and c.relkind in ('r', 'p') and not c.relispartition and c.relpersistence <> 't'
order by 1, 2
;
execute golden;
deallocate golden;
