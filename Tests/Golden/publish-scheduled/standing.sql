-- publish-scheduled, standing
\set from '''scheduled'''
\set until '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, timestamptz) as
-- What every run has to know of a table: whether anything is due, what comes next, and what its columns are.
select
  exists (
    select from "posts" as post where post."status" = $1 and post."publish_at" > '-infinity' and post."publish_at" <= $2
  ) as is_due,
  to_json(next.due_at) #>> '{}' as next_due_at, (extract(epoch from next.due_at) * 1000)::bigint as next_due_ms,
  pg_typeof((select post."publish_at" from "posts" as post limit 0))::text as due_type,
  pg_typeof((select post."published_at" from "posts" as post limit 0))::text as published_at_type,
  (select count(*) from "posts" as post where post."status" = $1 and post."publish_at" is null) as undated
from (
  select min(post."publish_at") as due_at from "posts" as post
  where post."status" = $1 and post."publish_at" > $2 and post."publish_at" < 'infinity'
) as next
;
execute golden (:from, :until);
deallocate golden;
