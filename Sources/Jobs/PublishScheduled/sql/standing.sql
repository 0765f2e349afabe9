-- What a run has to know of a table before its work: whether anything is due, what comes next, and what its columns are.
with recursive oneshot_parts as (
  select to_regclass(:shown)::oid as part
  union all
  select inhrelid from pg_inherits join oneshot_parts on inhparent = part
)
select
  exists (
    select from {table} as post where post.{status} = :from and {due} > '-infinity' and {due} <= :until
  ) as is_due,
  to_json(next.due_at) #>> '{}' as next_due_at, (extract(epoch from next.due_at) * 1000)::bigint as next_due_ms,
  pg_typeof((select {due} from {table} as post limit 0))::text as due_type,
  pg_typeof((select {published_at} from {table} as post limit 0))::text as published_at_type,
  exists (select from oneshot_parts join pg_class on oid = part where relkind = 'f') as is_foreign,
  -- Of a partitioned table the key may have to hold more columns; of a view there is none.
  coalesce((
    select relkind = 'r' and not exists (
      select from pg_index
      join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = pg_class.oid and attname = :id_column and indnkeyatts = 1 and indisunique and indisvalid
        and indpred is null)
    from pg_class where pg_class.oid = to_regclass(:shown)), false) as has_no_key,
  (select count(*) from {table} as post where post.{status} = :from and {due} is null) as undated
from (
  select min({due}) as due_at from {table} as post
  where post.{status} = :from and {due} > :until and {due} < 'infinity'
) as next
