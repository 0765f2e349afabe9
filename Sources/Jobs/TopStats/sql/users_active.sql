-- Users by what they did: likes given, comments, feeds written.
select user_id as member, score
from (
  select user_id, sum(score)::bigint as score
  from (
    select user_id, {count} as score from oneshot_likes_given
    union all
    select user_id, {count} as score from oneshot_comments_given
    union all
    select user_id, {count} as score from oneshot_feeds_written) as deeds
  where score > 0
  group by user_id) as tally
where exists (select from oneshot_live_users as live where live.id = tally.user_id)
