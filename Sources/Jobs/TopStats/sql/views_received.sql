-- Views by feed.
create temporary table {result} on commit drop as
select tally.*
from (
  select feed_id, {counts}
  from feed_views
  where viewed_at >= :start_1 and viewed_at < :window_end
  group by feed_id) as tally
join oneshot_live_feeds as live on live.id = tally.feed_id {data}
