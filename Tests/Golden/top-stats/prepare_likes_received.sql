-- top-stats, prepare_likes_received
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- What users who are not deleted did to feeds, by feed; and whose feed it is.
-- Deleted feeds stay in it, marked as such: given.sql asks which they are.
create temporary table likes_received on commit drop as
select tally.feed_id, live_feeds.user_id, live_feeds.id is not null as is_live, tally.counts
from (
  select feed_id, array[count(*), count(*) filter (where created_at >= :start_2)] as counts
  from feed_likes
  where created_at >= :start_1 and created_at < :window_end
    and exists (select from live_users where live_users.id = feed_likes.user_id)
  group by feed_id) as tally
left join live_feeds on live_feeds.id = tally.feed_id
;
