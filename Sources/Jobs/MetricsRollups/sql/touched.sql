-- The buckets that the noticed rows touch; rows outside of every calendar touch none. (A quarter of an hour may lie in
-- two buckets; its first and its last row decide.)
moments as (
  select first as moment, null as stored_as from noticed where quarter is not null
  union all
  select last, null from noticed where quarter is not null
  union all
  select occurred_at, null from changed where occurred_at >= :calendar_start and occurred_at < :calendar_end
  union all
  -- Stored buckets whose events may have vanished; all of them where the source was emptied.
  select bucket_start, granularity from metric_rollups
  where source = :source and granularity = any (:levels::text[])
    and (bucket_start >= :stored_from::timestamptz and bucket_start < :stored_until::timestamptz
      or exists (select from changed where mark is not null))
), touched as materialized (
  select distinct bucket.granularity, bucket.bucket_start
  from (select stored_as, array_agg(moment) as moments from moments group by stored_as) as noticed
  cross join lateral oneshot.buckets(
    noticed.moments, case when stored_as is null then :levels::text[] else array[stored_as] end, :zone) as bucket
), open as (
  -- Only buckets that can still be calculated from all of their parts.
  select granularity, bucket_start from touched
  where bucket_start >= case granularity
    when 'hourly' then coalesce(:raw_from::timestamptz, '-infinity')
    when 'daily' then coalesce(:hourly_from::timestamptz, '-infinity')
    when 'weekly' then greatest(:daily_from::timestamptz, :weekly_from::timestamptz, '-infinity')
    else greatest(:daily_from::timestamptz, :monthly_from::timestamptz, '-infinity') end
)
