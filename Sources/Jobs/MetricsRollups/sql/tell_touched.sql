select (select count(*) from open where granularity = 'hourly') as hours, (select count(*) from open) as buckets,
  (select coalesce(sum(events), 0) from noticed) as events,
  (select coalesce(sum(events), 0) from noticed where quarter is null) as timeless, late.hour as late_hour, late.events as late
from (values (1)) as one
left join (
  select oneshot.bucket_start('hourly', first, :zone) as hour, sum(late)::bigint as events from noticed where late > 0
  group by 1
  union all
  -- Not how many: a change tells moments, not rows.
  select distinct oneshot.bucket_start('hourly', occurred_at, :zone), null::bigint from changed
  where occurred_at < :raw_from::timestamptz
) as late on true
order by late_hour
