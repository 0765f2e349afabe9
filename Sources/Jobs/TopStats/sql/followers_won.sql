-- New followers by user.
-- One pass counts for all windows: the first begins at :start_1, the earliest; those there are not begin at null.
create temporary table followers_won on commit drop as
select followee_id, array[
    count(*),
    count(*) filter (where created_at >= :start_2),
    count(*) filter (where created_at >= :start_3),
    count(*) filter (where created_at >= :start_4)] as counts
from follows
where created_at >= :start_1 and created_at < :window_end
  and exists (select from live_users where live_users.id = follows.follower_id)
group by followee_id
