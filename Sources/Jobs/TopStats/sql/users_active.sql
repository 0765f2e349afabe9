-- Users by what they did: likes given, comments, feeds written.
select user_id as member, score
from (
  select user_id, sum(counts[:window]) as score
  from (
    select user_id, counts from likes_given
    union all
    select user_id, counts from comments_given
    union all
    select user_id, counts from feeds_written) as deeds
  where counts[:window] > 0
  group by user_id) as tally
where exists (select from live_users where live_users.id = tally.user_id)
