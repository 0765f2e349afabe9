-- Comments by feed.
-- One pass counts for all windows: the first begins at :start_1, the earliest; those there are not begin at null.
create temporary table comments_received on commit drop as
select feed_id, array[
    count(*),
    count(*) filter (where created_at >= :start_2),
    count(*) filter (where created_at >= :start_3),
    count(*) filter (where created_at >= :start_4)] as counts
from feed_comments
where created_at >= :start_1 and created_at < :window_end
  and exists (select from live_users where live_users.id = feed_comments.user_id)
group by feed_id
