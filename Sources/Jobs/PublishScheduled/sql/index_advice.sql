-- Large tables without an index, all of which is read for each page of due posts.
select format(
    'no index of %s begins with %I, so a run reads all of it: create index concurrently on %s (%I, %I) where %I = %L',
    id::regclass, due.column_name, id::regclass, due.column_name, :id_column::text, :status_column::text, due.state)
    as advice
from unnest(:table_names::text[], :columns::text[], :states::text[]) as due (table_name, column_name, state)
cross join lateral (select to_regclass(due.table_name)::oid as id) as found
join pg_class on pg_class.oid = id
-- Not of views: their indexes are somebody else's.
where relkind in ('r', 'p', 'm') and reltuples >= 10000
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = id and indisvalid and attname = due.column_name)
order by reltuples desc
