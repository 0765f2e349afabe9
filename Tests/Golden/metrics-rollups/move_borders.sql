-- metrics-rollups, move_borders
\set source '''metric_events'''
\set raw_before '''2025-11-07T00:00:00Z''::timestamptz'
\set recent_from 'null'
\set zone '''Europe/Berlin'''
\set hourly_before '''2025-11-07T00:00:00Z''::timestamptz'
\set daily_before '''2025-11-07T00:00:00Z''::timestamptz'
\set weekly_before '''2025-11-07T00:00:00Z''::timestamptz'
\set monthly_before '''2025-11-07T00:00:00Z''::timestamptz'
prepare golden (unknown, timestamptz, unknown, unknown, timestamptz, timestamptz, timestamptz, timestamptz) as
-- From where on raw events and rollups are kept. A border never moves back, and never past what is still queued or was changed since; no
-- parent can ever be calculated from a part of its children: raw events reach at least as far as hours do, hours as far as
-- days do, and days make up whole weeks and months.
with queued as (
  select min(bucket_start) filter (where granularity = 'hourly') as hour,
    min(bucket_start) filter (where granularity = 'daily') as day,
    min(bucket_start) filter (where granularity in ('weekly', 'monthly')) as longer
  from oneshot.rollup_queue
  where source = $1
), changed as (
  select min(occurred_at) as moment, coalesce(bool_or(occurred_at is null), false) as is_all
  from oneshot.rollup_changes
  where source = $1
), raw as (
  select p.*, queued.*,
    case
      when $2::timestamptz is null or is_all then raw_from
      else greatest(
        raw_from,
        oneshot.bucket_start('daily', least($2, $3::timestamptz, hour, moment), $4))
    end as new_raw_from
  from oneshot.rollup_positions as p, queued, changed
  where p.source = $1 and (p.seen is not null or p.looked_until is not null)
), hours as (
  select *,
    case
      when $5::timestamptz is null or new_raw_from is null then hourly_from
      else greatest(
        hourly_from, oneshot.bucket_start('daily', least($5, new_raw_from, day), $4))
    end as new_hourly_from
  from raw
), days as (
  select *,
    case
      when $6::timestamptz is null or new_hourly_from is null then daily_from
      else greatest(
        daily_from,
        least(
          oneshot.bucket_start('daily', least($6, longer), $4),
          oneshot.bucket_start('weekly', new_hourly_from, $4), oneshot.bucket_start('monthly', new_hourly_from, $4)))
    end as new_daily_from
  from hours
), longer as (
  select *, greatest(weekly_from, oneshot.bucket_start('weekly', $7::timestamptz, $4)) as new_weekly_from,
    greatest(monthly_from, oneshot.bucket_start('monthly', $8::timestamptz, $4)) as new_monthly_from
  from days
)
-- Somebody else may have closed more meanwhile (oneshot.close_raw).
update oneshot.rollup_positions as p
set raw_from = greatest(p.raw_from, new_raw_from), hourly_from = new_hourly_from, daily_from = new_daily_from,
  weekly_from = new_weekly_from, monthly_from = new_monthly_from,
  raw_seen = case when new_raw_from > coalesce(p.raw_from, '-infinity') then p.seen else p.raw_seen end
from longer
where p.source = longer.source
returning p.hourly_from as hourly, p.daily_from as daily, p.weekly_from as weekly, p.monthly_from as monthly
;
execute golden (:source, :raw_before, :recent_from, :zone, :hourly_before, :daily_before, :weekly_before, :monthly_before);
deallocate golden;
