-- Users by the likes that their feeds got.
select user_id as member, score
from (
  select user_id, sum(counts[:window]) as score
  from likes_received
  where is_live and counts[:window] > 0
  group by user_id) as tally
where exists (select from live_users where live_users.id = tally.user_id)
