-- publish-scheduled, index_advice
\set id_column '''id'''
\set status_column '''status'''
\set table_names '''{"posts"}'''
\set columns '''{"publish_at"}'''
\set states '''{"scheduled"}'''
prepare golden (unknown, unknown, unknown, unknown, unknown) as
-- Large tables without an index, all of which is read for each page of due posts.
select format(
    'no index of %s begins with %I, so a run reads all of it: create index concurrently on %s (%I, %I) where %I = %L',
    id::regclass, due.column_name, id::regclass, due.column_name, $1::text, $2::text, due.state)
    as advice
from unnest($3::text[], $4::text[], $5::text[]) as due (table_name, column_name, state)
cross join lateral (select to_regclass(due.table_name)::oid as id) as found
join pg_class on pg_class.oid = id
-- Not of views: their indexes are somebody else's.
where relkind in ('r', 'p', 'm') and reltuples >= 10000
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = id and indisvalid and attname = due.column_name)
order by reltuples desc
;
execute golden (:id_column, :status_column, :table_names, :columns, :states);
deallocate golden;
