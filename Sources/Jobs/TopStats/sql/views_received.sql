-- Views by feed.
-- One pass counts for all windows: the first begins at :start_1, the earliest; those there are not begin at null.
create temporary table views_received on commit drop as
select feed_id, array[
    count(*),
    count(*) filter (where viewed_at >= :start_2),
    count(*) filter (where viewed_at >= :start_3),
    count(*) filter (where viewed_at >= :start_4)] as counts
from feed_views
where viewed_at >= :start_1 and viewed_at < :window_end
group by feed_id
