-- The users who did most within the window, the most active first; of equal ones the first by id.
select event.user_id::text as id
from (
  select user_id from feed_likes where created_at >= :since and created_at < :moment
  union all
  select user_id from feed_comments where created_at >= :since and created_at < :moment
  union all
  select user_id from feeds where created_at >= :since and created_at < :moment{views}) as event
where exists (select from users as u where u.id = event.user_id{live})
group by event.user_id
order by count(*) desc, event.user_id::text collate "C"
limit :limit
