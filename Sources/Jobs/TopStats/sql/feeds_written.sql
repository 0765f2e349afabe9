-- Feeds by user.
create temporary table {result} on commit drop as
select user_id, {counts}
from oneshot_live_feeds
where created_at >= :start_1 and created_at < :window_end
group by user_id {data}
