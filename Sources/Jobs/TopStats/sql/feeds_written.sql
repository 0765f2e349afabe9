-- Feeds by user.
create temporary table feeds_written on commit drop as
select user_id, {counts} as counts
from live_feeds
where created_at >= :start_1 and created_at < :window_end
group by user_id
