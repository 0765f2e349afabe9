-- Users by the likes that their feeds got.
select user_id as member, score
from (
  select user_id, sum({count})::bigint as score
  from oneshot_likes_received
  where is_live and {count} > 0
  group by user_id) as tally
where exists (select from oneshot_live_users as live where live.id = tally.user_id)
