-- top-stats, prepare_followers_won
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- New followers by user.
create temporary table oneshot_followers_won on commit drop as
select followee_id, count(*) as count_1, count(*) filter (where created_at >= :start_2) as count_2
from follows
where created_at >= :start_1 and created_at < :window_end
  and exists (select from oneshot_live_users as live where live.id = follows.follower_id)
group by followee_id
;
