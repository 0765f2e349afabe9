-- publish-scheduled, standing
\set shown '''posts'''
\set from '''scheduled'''
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set id_column '''id'''
prepare golden (unknown, unknown, timestamptz, unknown) as
-- What a run has to know of a table before its work: whether anything is due, what comes next, and what its columns are.
with recursive oneshot_parts as (
  select to_regclass($1)::oid as part
  union all
  select inhrelid from pg_inherits join oneshot_parts on inhparent = part
)
select
  exists (
    select from "posts" as post where post."status" = $2 and post."publish_at" > '-infinity' and post."publish_at" <= $3
  ) as is_due,
  to_json(next.due_at) #>> '{}' as next_due_at, (extract(epoch from next.due_at) * 1000)::bigint as next_due_ms,
  pg_typeof((select post."publish_at" from "posts" as post limit 0))::text as due_type,
  pg_typeof((select post."published_at" from "posts" as post limit 0))::text as published_at_type,
  exists (select from oneshot_parts join pg_class on oid = part where relkind = 'f') as is_foreign,
  -- Of a partitioned table the key may have to hold more columns; of a view there is none.
  coalesce((
    select relkind = 'r' and not exists (
      select from pg_index
      join pg_attribute on attrelid = indrelid and attnum = indkey[0]
      where indrelid = pg_class.oid and attname = $4 and indnkeyatts = 1 and indisunique and indisvalid
        and indpred is null)
    from pg_class where pg_class.oid = to_regclass($1)), false) as has_no_key,
  (select count(*) from "posts" as post where post."status" = $2 and post."publish_at" is null) as undated
from (
  select min(post."publish_at") as due_at from "posts" as post
  where post."status" = $2 and post."publish_at" > $3 and post."publish_at" < 'infinity'
) as next
;
execute golden (:shown, :from, :until, :id_column);
deallocate golden;
