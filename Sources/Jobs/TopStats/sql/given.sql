-- What users who count did to feeds that are not deleted, by user. Every feed to which a user who counts did something
-- is in the table of what feeds received. So it is enough to look up the deleted ones, which are few, and not each of
-- the living ones. (An array, because a temporary table would keep the whole from being done in parallel.)
create temporary table {result} on commit drop as
select user_id, {counts}
from {events}
where created_at >= :start_1 and created_at < :window_end and feed_id is not null
  and not exists (
    select from unnest((select array_agg(feed_id) from {received} where not is_live)) as deleted (id)
    where deleted.id = {events}.feed_id)
group by user_id {data}
