-- suggested-users, co_engagement
\set users '''{"17"}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, timestamptz) as
-- People who have liked the same posts, of those that at most 200 have liked, in the last 14 days.
with liked as (
  select distinct user_id, feed_id from feed_likes
  where user_id = any ($1) and created_at >= $2 - interval '14 days' and created_at < $2
), posts as (
  select feed_id, count(distinct l.user_id) as likers
  from (select distinct feed_id from liked) as p
  cross join lateral (select l.user_id from feed_likes as l where l.feed_id = p.feed_id limit 1000) as l
  group by feed_id
  having count(distinct l.user_id) between 2 and 200
), common as (
  select distinct liked.user_id, theirs.user_id as candidate_id, feed_id, likers
  from liked
  join posts using (feed_id)
  join feed_likes as theirs using (feed_id)
  where theirs.user_id <> liked.user_id
    and theirs.created_at >= $2 - interval '14 days' and theirs.created_at < $2
)
select user_id, candidate_id, sum(round(1000000 / ln(2 + likers))) as score, array[]::text[] as via
from common
group by user_id, candidate_id
having count(*) >= 2
;
execute golden (:users, :moment);
deallocate golden;
