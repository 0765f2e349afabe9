-- Queues followers of users who have followed somebody: the most recently active of their newest ones.
insert into oneshot.suggestion_pending (user_id, urgency)
select distinct follower.id::text collate "C", 2
from unnest(:users::text[]::{id}[]) as followed (id)
cross join lateral (
  select u.id
  from (
    select f.follower_id from follows as f
    where f.followee_id = followed.id
    order by f.created_at desc
    limit 10 * :spread) as newest
  join users as u on u.id = newest.follower_id
  where {present} and not {inactive}
  order by {order}
  limit :spread) as follower
where not exists (
  select from oneshot.suggestion_pending as p where p.user_id = follower.id::text collate "C")
