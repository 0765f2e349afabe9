-- top-stats, prepare_feeds_written
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- Feeds by user.
create temporary table oneshot_feeds_written on commit drop as
select user_id, count(*) as count_1, count(*) filter (where created_at >= :start_2) as count_2
from oneshot_live_feeds
where created_at >= :start_1 and created_at < :window_end
group by user_id
;
