-- The best posts of each window by the sum of all their events: at least their score, because each event is rounded up
-- and the caps only leave events out. Posts with fewer events than they need people are left out. First what was read
-- altogether.
with bounds as materialized (
  select post_id, count(*) - count(at) as anonymous, count(at) - count(units_1) as unknown, {bounds}
  from ({events}) as event
  group by post_id)
select 0 as place, null as post, null::bigint as bound, sum(events_1)::bigint as events,
  sum(anonymous)::bigint as anonymous, sum(unknown)::bigint as unknown
from bounds
{best}
