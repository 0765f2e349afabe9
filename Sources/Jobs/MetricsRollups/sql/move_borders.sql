-- Moves the borders from which raw events and rollups are kept. A border never moves back, and never past buckets that
-- are still queued or were changed since. No parent can ever be calculated from only a part of its children: raw events
-- reach at least as far as hours do, hours as far as days do, and days make up whole weeks and months.
--
-- Ages are counted back from the run's scheduled time, or from Postgres' now if that comes first: a clock that is ahead
-- would move the borders past young rows, and they never move back.
with clock as (
  select greatest(:moment::timestamptz - now(), interval '0') as ahead
), wanted as (
  select :raw_before::timestamptz - ahead as raw_before, :recent_from::timestamptz - ahead as recent_from,
    :hourly_before::timestamptz - ahead as hourly_before, :daily_before::timestamptz - ahead as daily_before,
    :weekly_before::timestamptz - ahead as weekly_before, :monthly_before::timestamptz - ahead as monthly_before
  from clock
), queued as (
  select min(bucket_start) filter (where granularity = 'hourly') as hour,
    min(bucket_start) filter (where granularity = 'daily') as day,
    min(bucket_start) filter (where granularity in ('weekly', 'monthly')) as longer
  from oneshot.rollup_queue
  where source = :source
), changed as (
  select min(occurred_at) filter (where occurred_at >= :calendar_start) as moment,
    coalesce(bool_or(mark is not null), false) as is_all
  from oneshot.rollup_changes
  where source = :source
), raw as (
  select p.*, queued.*, wanted.*,
    case
      when raw_before is null or is_all then raw_from
      else greatest(
        raw_from,
        oneshot.bucket_start('daily', least(raw_before, recent_from, hour, moment), :zone))
    end as new_raw_from
  from oneshot.rollup_positions as p, queued, changed, wanted
  where p.source = :source and (p.seen is not null or p.looked_until is not null)
), hours as (
  select *,
    case
      when hourly_before is null or new_raw_from is null then hourly_from
      else greatest(
        hourly_from, oneshot.bucket_start('daily', least(hourly_before, new_raw_from, day), :zone))
    end as new_hourly_from
  from raw
), days as (
  select *,
    case
      when daily_before is null or new_hourly_from is null then daily_from
      else greatest(
        daily_from,
        least(
          oneshot.bucket_start('daily', least(daily_before, longer), :zone),
          oneshot.bucket_start('weekly', new_hourly_from, :zone), oneshot.bucket_start('monthly', new_hourly_from, :zone)))
    end as new_daily_from
  from hours
), longer as (
  select *, greatest(weekly_from, oneshot.bucket_start('weekly', weekly_before, :zone)) as new_weekly_from,
    greatest(monthly_from, oneshot.bucket_start('monthly', monthly_before, :zone)) as new_monthly_from
  from days
)
-- oneshot.close_raw may have closed more meanwhile.
update oneshot.rollup_positions as p
set raw_from = greatest(p.raw_from, new_raw_from), hourly_from = new_hourly_from, daily_from = new_daily_from,
  weekly_from = new_weekly_from, monthly_from = new_monthly_from,
  raw_seen = case when new_raw_from > coalesce(p.raw_from, '-infinity') then p.seen else p.raw_seen end
from longer
where p.source = longer.source
-- A border that is ahead of its age removes nothing that is younger.
returning least(p.hourly_from, hourly_before) as hourly, least(p.daily_from, daily_before) as daily,
  least(p.weekly_from, weekly_before) as weekly, least(p.monthly_from, monthly_before) as monthly
