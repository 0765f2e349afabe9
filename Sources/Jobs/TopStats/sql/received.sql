-- What users who are not deleted did to feeds, by feed; and whose feed it is. Deleted feeds stay in it, marked as such,
-- because given.sql needs them.
create temporary table {result} on commit drop as
select tally.*, live.user_id, live.id is not null as is_live
from (
  select feed_id, {counts}
  from {events}
  where created_at >= :start_1 and created_at < :window_end
    and exists (select from oneshot_live_users as live where live.id = {events}.user_id)
  group by feed_id) as tally
left join oneshot_live_feeds as live on live.id = tally.feed_id {data}
