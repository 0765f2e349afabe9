-- top-stats, prepare_comments_given
\set start_2 '''2025-11-01T02:00:00Z'''
\set start_1 '''2025-10-09T02:00:00Z'''
\set window_end '''2025-11-08T02:00:00Z'''
-- What users who count did to feeds that are not deleted, by user. Every feed to which a user who counts did something
-- is in the table of what feeds received. So it is enough to look up the deleted ones, which are few, and not each of
-- the living ones. (An array, because a temporary table would keep the whole from being done in parallel.)
create temporary table oneshot_comments_given on commit drop as
select user_id, count(*) as count_1, count(*) filter (where created_at >= :start_2) as count_2
from feed_comments
where created_at >= :start_1 and created_at < :window_end and feed_id is not null
  and not exists (
    select from unnest((select array_agg(feed_id) from oneshot_comments_received where not is_live)) as deleted (id)
    where deleted.id = feed_comments.feed_id)
group by user_id
;
