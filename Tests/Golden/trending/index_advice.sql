-- trending, index_advice
prepare golden as
-- Large tables that a run reads completely, because no index finds the events of its windows.
select format(
    'the table %s has no index that begins with %I, so a run reads all of it: create index concurrently on %s (%I)',
    id::regclass, column_name, id::regclass, column_name) as advice
from (
  values ('feed_views', 'viewed_at'), ('feed_likes', 'created_at'), ('feed_comments', 'created_at'),
    ('feed_shares', 'created_at')) as events (table_name, column_name)
cross join lateral (select to_regclass(table_name)::oid as id) as found
join pg_class on pg_class.oid = id
-- Not for views and foreign tables: their indexes are elsewhere.
where relkind in ('r', 'p', 'm') and reltuples >= 100000
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = id and indisvalid and attname = column_name)
order by reltuples desc
;
execute golden;
deallocate golden;
