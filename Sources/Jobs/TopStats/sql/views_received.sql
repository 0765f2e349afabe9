-- Views by feed.
create temporary table views_received on commit drop as
select tally.feed_id, tally.counts
from (
  select feed_id, {counts} as counts
  from feed_views
  where viewed_at >= :start_1 and viewed_at < :window_end
  group by feed_id) as tally
join live_feeds on live_feeds.id = tally.feed_id
