-- Days that this run would calculate and that have rollups and no rows any more, and how many rollups. It considers
-- what was changed, what is queued, and what is stored of a window.
select opens, closes, stored.rollups
from (
  select distinct oneshot.bucket_start('daily', moment, :zone) as opens
  from (
    select occurred_at as moment from oneshot.rollup_changes
    where source = :source and occurred_at >= :calendar_start and occurred_at < :calendar_end
    union
    select bucket_start from oneshot.rollup_queue where source = :source and granularity = 'hourly'
    union
    select bucket_start from metric_rollups
    where source = :source and granularity = 'hourly' and (
      bucket_start >= :stored_from::timestamptz and bucket_start < :stored_until::timestamptz
      or exists (select from oneshot.rollup_changes where source = :source and mark is not null))) as moments
  where moment >= coalesce(:raw_from::timestamptz, '-infinity')) as days
cross join lateral oneshot.bucket_end('daily', opens, :zone) as day (closes)
cross join lateral (
  select count(*) as rollups from metric_rollups
  where granularity = 'hourly' and source = :source and bucket_start >= opens and bucket_start < closes) as stored
where stored.rollups > 0 and not exists (
  -- Hours of another time zone may begin in one day, and hold events of the next.
  select from event where occurred_at >= opens and occurred_at < closes + make_interval(hours => :hours_more::integer))
order by 1
