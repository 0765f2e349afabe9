-- Users by what they did: likes given, comments, feeds written.
select user_id as member, sum(counts[:window]) as score
from (
  select user_id, counts from likes_given
  union all
  select user_id, counts from comments_given
  union all
  select user_id, counts from feeds_written) as deeds
join live_users on live_users.id = user_id
where counts[:window] > 0
group by user_id
