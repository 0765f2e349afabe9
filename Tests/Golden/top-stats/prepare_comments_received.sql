-- top-stats, prepare_comments_received
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- What users who are not deleted did to feeds, by feed; and whose feed it is. Deleted feeds stay in it, marked as such,
-- because given.sql needs them.
create temporary table oneshot_comments_received on commit drop as
select tally.*, live.user_id, live.id is not null as is_live
from (
  select feed_id, count(*) as count_1, count(*) filter (where created_at >= :start_2) as count_2
  from feed_comments
  where created_at >= :start_1 and created_at < :window_end
    and exists (select from oneshot_live_users as live where live.id = feed_comments.user_id)
  group by feed_id) as tally
left join oneshot_live_feeds as live on live.id = tally.feed_id
;
