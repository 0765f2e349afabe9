select (select count(*) from open where granularity = 'hourly') as hours, (select count(*) from open) as buckets,
  (select coalesce(sum(events), 0) from noticed) as events,
  (select coalesce(sum(timeless), 0) from noticed) as timeless,
  (select coalesce(sum(events - timeless), 0) from noticed where quarter is null) as outside,
  (select count(*) from changed where occurred_at < :calendar_start or occurred_at >= :calendar_end) as changed_outside,
  exists (select from changed where mark = 'unknown') as is_unknown, late.hour as late_hour, late.events as late
from (values (1)) as one
left join (
  select oneshot.bucket_start('hourly', first, :zone) as hour, sum(late)::bigint as events from noticed
  where late > 0 and quarter is not null
  group by 1
  union all
  -- Without a count: a change records moments, not rows.
  select distinct oneshot.bucket_start('hourly', occurred_at, :zone), null::bigint from changed
  where occurred_at >= :calendar_start and occurred_at < :raw_from::timestamptz
) as late on true
order by late_hour
