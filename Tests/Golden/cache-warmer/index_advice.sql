-- cache-warmer, index_advice
prepare golden as
-- Large tables without an index, all of which a run reads.
select format(
    'no index of %s begins with %I, so a run may read all of it: create index concurrently on %s (%s)',
    id::regclass, column_name, id::regclass, columns) as advice
from (
  values ('follows', 'follower_id', 'follower_id, followee_id'), ('feeds', 'user_id', 'user_id, created_at'),
    ('feed_likes', 'feed_id', 'feed_id'), ('feed_comments', 'feed_id', 'feed_id'),
    ('feed_views', 'user_id', 'user_id, feed_id'), ('blocks', 'user_id', 'user_id, target_id'),
    ('mutes', 'user_id', 'user_id, target_id')) as needed (table_name, column_name, columns)
cross join lateral (select to_regclass(table_name)::oid as id) as found
join pg_class on pg_class.oid = id
-- Not for views and foreign tables: their indexes are elsewhere.
where relkind in ('r', 'p', 'm') and reltuples >= 10000
  and exists (select from pg_attribute where attrelid = id and attname = column_name and not attisdropped)
  and not exists (
    select from pg_index
    join pg_attribute on attrelid = indrelid and attnum = indkey[0]
    where indrelid = id and indisvalid and attname = column_name)
order by reltuples desc
;
execute golden;
deallocate golden;
