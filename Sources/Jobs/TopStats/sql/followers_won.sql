-- New followers by user.
create temporary table followers_won on commit drop as
select followee_id, {counts} as counts
from follows
where created_at >= :start_1 and created_at < :window_end
  and exists (select from live_users where live_users.id = follows.follower_id)
group by followee_id
