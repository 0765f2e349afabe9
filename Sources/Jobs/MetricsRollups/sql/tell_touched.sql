select (select count(*) from open where granularity = 'hourly') as hours, (select count(*) from open) as buckets,
  (select coalesce(sum(events), 0) from noticed) as events,
  (select coalesce(sum(events), 0) from noticed where hour is null) as timeless,
  oneshot.bucket_start('hourly', late.first, :zone) as late_hour, late.late
from (values (1)) as one
left join noticed as late on late.late > 0
