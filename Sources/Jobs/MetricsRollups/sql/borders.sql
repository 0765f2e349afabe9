-- A range in whole days, and the buckets of each level that lie in it at least in part.
with range as (
  select
    coalesce(
      oneshot.day_start(:from_day::date, :zone),
      oneshot.day_start(oneshot.day_of(:from_moment::timestamptz, :zone), :zone)) as start,
    coalesce(
      oneshot.day_start(:to_day::date, :zone),
      oneshot.bucket_end('daily', :to_moment::timestamptz - interval '1 microsecond', :zone)) as until
)
select level as granularity, start as range_start, until as range_end, oneshot.bucket_start(level, start, :zone) as bucket_start,
  oneshot.bucket_end(level, until - interval '1 microsecond', :zone) as bucket_end
from range, unnest(:levels::text[]) as level
