-- From where on raw events, hours and days are kept. A border never moves back, and never past what is still queued; no
-- parent can ever be calculated from a part of its children: raw events reach at least as far as hours do, hours as far as
-- days do, and days make up whole weeks and months.
with queued as (
  select min(bucket_start) filter (where granularity = 'hourly') as hour,
    min(bucket_start) filter (where granularity = 'daily') as day,
    min(bucket_start) filter (where granularity in ('weekly', 'monthly')) as longer
  from oneshot.rollup_queue
  where source = :source
), raw as (
  select p.*, queued.*,
    case
      when :raw_before::timestamptz is null then raw_from
      else greatest(raw_from, oneshot.bucket_start('daily', least(:raw_before, :recent_from::timestamptz, hour), :zone))
    end as new_raw_from
  from oneshot.rollup_positions as p, queued
  where p.source = :source and (p.seen is not null or p.looked_until is not null)
), hours as (
  select *,
    case
      when :hourly_before::timestamptz is null or new_raw_from is null then hourly_from
      else greatest(
        hourly_from, oneshot.bucket_start('daily', least(:hourly_before, new_raw_from, day), :zone))
    end as new_hourly_from
  from raw
), days as (
  select *,
    case
      when :daily_before::timestamptz is null or new_hourly_from is null then daily_from
      else greatest(
        daily_from,
        least(
          oneshot.bucket_start('daily', least(:daily_before, longer), :zone),
          oneshot.bucket_start('weekly', new_hourly_from, :zone), oneshot.bucket_start('monthly', new_hourly_from, :zone)))
    end as new_daily_from
  from hours
), moved as (
  update oneshot.rollup_positions as p
  set raw_from = new_raw_from, hourly_from = new_hourly_from, daily_from = new_daily_from,
    raw_seen = case when new_raw_from is distinct from p.raw_from then p.seen else p.raw_seen end
  from days
  where p.source = days.source
)
select new_hourly_from as hourly, new_daily_from as daily,
  oneshot.bucket_start('weekly', :weekly_before::timestamptz, :zone) as weekly,
  oneshot.bucket_start('monthly', :monthly_before::timestamptz, :zone) as monthly
from days
