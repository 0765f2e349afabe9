-- Feeds by user.
-- One pass counts for all windows: the first begins at :start_1, the earliest; those there are not begin at null.
create temporary table feeds_written on commit drop as
select user_id, array[
    count(*),
    count(*) filter (where created_at >= :start_2),
    count(*) filter (where created_at >= :start_3),
    count(*) filter (where created_at >= :start_4)] as counts
from live_feeds
where created_at >= :start_1 and created_at < :window_end
group by user_id
