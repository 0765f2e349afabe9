-- All rows of a window, by quarters of an hour: the first and the last of each are enough, as no zone has two borders
-- within one.
select
  case
    when occurred_at is not null
    then date_bin('15 minutes', occurred_at::timestamptz, timestamptz '2000-01-01 00:00:00+00') end as quarter,
  min(occurred_at::timestamptz) as first, max(occurred_at::timestamptz) as last, count(*) as events,
  count(*) filter (where occurred_at is null) as timeless, 0 as late
from event
where occurred_at is null or (occurred_at::timestamptz >= :window_start and occurred_at::timestamptz < :window_end)
group by 1
