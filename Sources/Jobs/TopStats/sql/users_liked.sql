-- Users by the likes that their feeds got.
select user_id as member, sum(counts[:window]) as score
from likes_received
where is_live and counts[:window] > 0
  and exists (select from live_users where live_users.id = likes_received.user_id)
group by user_id
