-- publish-scheduled, page_of_wall_clock
\set zone '''Europe/Berlin'''
\set from '''scheduled'''
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''100''::bigint'
\set too_late '''2025-11-08T01:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz, bigint, timestamptz) as
-- The next due posts, with their locks, each as it is once its lock is had: of one that an editor has changed while the
-- lock was waited for, due_at is what it says now, or null where it is no longer due.
with oneshot_page as materialized (
  select post."id" as oneshot_id, (post."publish_at" at time zone $1::text) as oneshot_due
  from "posts" as post
  where post."status" = $2 and (post."publish_at" at time zone $1::text) > '-infinity' and (post."publish_at" at time zone $1::text) <= $3 
  order by (post."publish_at" at time zone $1::text), post."id"
  limit $4
), oneshot_locked as materialized (
  select post."id" as oneshot_id, (post."publish_at" at time zone $1::text) as oneshot_due
  from oneshot_page as page
  join "posts" as post on post."id" = page.oneshot_id
  where post."status" = $2 and (post."publish_at" at time zone $1::text) > '-infinity' and (post."publish_at" at time zone $1::text) <= $3
  order by page.oneshot_due, page.oneshot_id
  for no key update of post 
)
select oneshot_id::text as id, to_json(page.oneshot_due) #>> '{}' as place, to_json(locked.oneshot_due) #>> '{}' as due_at,
  coalesce(locked.oneshot_due < $5::timestamptz, false) as is_too_late
from oneshot_page as page
left join oneshot_locked as locked using (oneshot_id)
order by page.oneshot_due, oneshot_id
;
execute golden (:zone, :from, :until, :limit, :too_late);
deallocate golden;
