-- publish-scheduled, standing
\set from '''scheduled'''
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set shown '''posts'''
prepare golden (unknown, timestamptz, unknown) as
-- What a run has to know of a table before its work: whether anything is due, what comes next, and what its columns are.
select
  exists (
    select from "posts" as post where post."status" = $1 and post."publish_at" > '-infinity' and post."publish_at" <= $2
  ) as is_due,
  to_json(next.due_at) #>> '{}' as next_due_at, (extract(epoch from next.due_at) * 1000)::bigint as next_due_ms,
  pg_typeof((select post."publish_at" from "posts" as post limit 0))::text as due_type,
  pg_typeof((select post."published_at" from "posts" as post limit 0))::text as published_at_type,
  coalesce((select relkind = 'f' from pg_class where oid = to_regclass($3)), false) as is_foreign,
  (select count(*) from "posts" as post where post."status" = $1 and post."publish_at" is null) as undated
from (
  select min(post."publish_at") as due_at from "posts" as post
  where post."status" = $1 and post."publish_at" > $2 and post."publish_at" < 'infinity'
) as next
;
execute golden (:from, :until, :shown);
deallocate golden;
