-- metrics-rollups, list_touched
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set source '''metric_events'''
\set moves 'true'
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set calendar_end '''2025-11-08T00:00:00Z''::timestamptz'
\set levels '''{"hourly","daily"}'''
\set stored_from '''2025-11-07T00:00:00Z''::timestamptz'
\set stored_until '''2025-11-08T00:00:00Z''::timestamptz'
\set zone '''Europe/Berlin'''
\set raw_from '''2025-11-07T00:00:00Z''::timestamptz'
\set hourly_from 'null'
\set daily_from 'null'
\set weekly_from 'null'
\set monthly_from 'null'
prepare golden (timestamptz, timestamptz, unknown, boolean, timestamptz, timestamptz, unknown, timestamptz, timestamptz, unknown, timestamptz, unknown, unknown, unknown, unknown) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) , noticed as (-- All rows of a window, by quarters of an hour: the first and the last of each are enough, as no zone has two borders
-- within one.
select
  case
    when occurred_at is not null
    then date_bin('15 minutes', occurred_at::timestamptz, timestamptz '2000-01-01 00:00:00+00') end as quarter,
  min(occurred_at::timestamptz) as first, max(occurred_at::timestamptz) as last, count(*) as events,
  count(*) filter (where occurred_at is null) as timeless, 0 as late
from event
where occurred_at is null or (occurred_at::timestamptz >= $1 and occurred_at::timestamptz < $2)
group by 1
), changed as (select occurred_at, mark from oneshot.rollup_changes where source = $3 and $4), -- The buckets that the noticed rows touch; rows outside of every calendar touch none. (A quarter of an hour may lie in
-- two buckets; its first and its last row decide.)
moments as (
  select first as moment, null as stored_as from noticed where quarter is not null
  union all
  select last, null from noticed where quarter is not null
  union all
  select occurred_at, null from changed where occurred_at >= $5 and occurred_at < $6
  union all
  -- Stored buckets whose events may have vanished; all of them where the source was emptied.
  select bucket_start, granularity from metric_rollups
  where source = $3 and granularity = any ($7::text[])
    and (bucket_start >= $8::timestamptz and bucket_start < $9::timestamptz
      or exists (select from changed where mark is not null))
), touched as materialized (
  select distinct bucket.granularity, bucket.bucket_start
  from (select stored_as, array_agg(moment) as moments from moments group by stored_as) as noticed
  cross join lateral oneshot.buckets(
    noticed.moments, case when stored_as is null then $7::text[] else array[stored_as] end, $10) as bucket
), open as (
  -- Only buckets that can still be calculated from all of their parts.
  select granularity, bucket_start from touched
  where bucket_start >= case granularity
    when 'hourly' then coalesce($11::timestamptz, '-infinity')
    when 'daily' then coalesce($12::timestamptz, '-infinity')
    when 'weekly' then greatest($13::timestamptz, $14::timestamptz, '-infinity')
    else greatest($13::timestamptz, $15::timestamptz, '-infinity') end
)
  -- The parts to compare: whole days of the lowest level, and each bucket of the others.
select distinct granularity, oneshot.bucket_start(unit, bucket_start, $10) as bucket_start,
  oneshot.bucket_end(unit, bucket_start, $10) as bucket_end
from (select *, case granularity when 'hourly' then 'daily' else granularity end as unit from open) as open
order by 1, 2
;
execute golden (:window_start, :window_end, :source, :moves, :calendar_start, :calendar_end, :levels, :stored_from, :stored_until, :zone, :raw_from, :hourly_from, :daily_from, :weekly_from, :monthly_from);
deallocate golden;
