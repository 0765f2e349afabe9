-- suggested-users, spread
\set users '''{"17"}'''
\set spread '''200''::bigint'
\set seen_since '''2025-10-09T02:00:00Z''::timestamptz'
prepare golden (unknown, bigint, timestamptz) as
-- Queues followers of users who have followed somebody: the most recently active of their newest ones.
insert into oneshot.suggestion_pending (user_id, urgency)
select distinct follower.id::text collate "C", 2
from unnest($1::text[]::bigint[]) as followed (id)
cross join lateral (
  select u.id
  from (
    select f.follower_id from follows as f
    where f.followee_id = followed.id
    order by f.created_at desc
    limit 10 * $2) as newest
  join users as u on u.id = newest.follower_id
  where u.deleted_at is null and u.suspended_at is null and not coalesce(u.last_seen_at < $3, false)
  order by u.last_seen_at desc nulls last, u.id
  limit $2) as follower
where not exists (
  select from oneshot.suggestion_pending as p where p.user_id = follower.id::text collate "C")
;
execute golden (:users, :spread, :seen_since);
deallocate golden;
