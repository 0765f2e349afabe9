-- top-stats, prepare_views_received
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- Views by feed.
create temporary table oneshot_views_received on commit drop as
select tally.*
from (
  select feed_id, count(*) as count_1, count(*) filter (where viewed_at >= :start_2) as count_2
  from feed_views
  where viewed_at >= :start_1 and viewed_at < :window_end
  group by feed_id) as tally
join oneshot_live_feeds as live on live.id = tally.feed_id
;
