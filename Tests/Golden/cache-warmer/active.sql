-- cache-warmer, active
\set since '''2025-11-01T02:00:00Z'''
\set moment '''2025-11-08T02:00:00Z'''
\set limit '''1000''::bigint'
prepare golden (unknown, unknown, bigint) as
-- The users who did most within the window, the most active first; of equal ones the first by id.
select event.user_id::text as id
from (
  select user_id from feed_likes where created_at >= $1 and created_at < $2
  union all
  select user_id from feed_comments where created_at >= $1 and created_at < $2
  union all
  select user_id from feeds where created_at >= $1 and created_at < $2
  union all
  select user_id from feed_views where viewed_at >= $1 and viewed_at < $2) as event
where exists (select from users as u where u.id = event.user_id and u.deleted_at is null)
group by event.user_id
order by count(*) desc, event.user_id::text collate "C"
limit $3
;
execute golden (:since, :moment, :limit);
deallocate golden;
