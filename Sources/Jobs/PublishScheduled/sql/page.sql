-- The next due posts, with their locks, each as it is once its lock is had: of one that an editor has changed while the
-- lock was waited for, due_at is what it says now, or null where it is no longer due.
with oneshot_page as materialized (
  select post.{id} as oneshot_id, {due} as oneshot_due
  from {table} as post
  where post.{status} = :from and {due} > '-infinity' and {due} <= :until {after}
  order by {due}, post.{id}
  limit :limit
), oneshot_locked as materialized (
  select post.{id} as oneshot_id, {due} as oneshot_due
  from oneshot_page as page
  join {table} as post on post.{id} = page.oneshot_id
  where post.{status} = :from and {due} > '-infinity' and {due} <= :until
  order by page.oneshot_due, page.oneshot_id
  for no key update of post {waiting}
)
select oneshot_id::text as id, to_json(page.oneshot_due) #>> '{}' as place, to_json(locked.oneshot_due) #>> '{}' as due_at,
  coalesce(locked.oneshot_due < :too_late::timestamptz, false) as is_too_late
from oneshot_page as page
left join oneshot_locked as locked using (oneshot_id)
order by page.oneshot_due, oneshot_id
