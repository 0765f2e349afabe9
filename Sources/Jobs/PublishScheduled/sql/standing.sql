-- What every run has to know of a table: whether anything is due, what comes next, and what its columns are.
select
  exists (
    select from {table} as post where post.{status} = :from and {due} > '-infinity' and {due} <= :until
  ) as is_due,
  to_json(next.due_at) #>> '{}' as next_due_at, (extract(epoch from next.due_at) * 1000)::bigint as next_due_ms,
  pg_typeof((select {due} from {table} as post limit 0))::text as due_type,
  pg_typeof((select {published_at} from {table} as post limit 0))::text as published_at_type,
  (select count(*) from {table} as post where post.{status} = :from and {due} is null) as undated
from (
  select min({due}) as due_at from {table} as post
  where post.{status} = :from and {due} > :until and {due} < 'infinity'
) as next
