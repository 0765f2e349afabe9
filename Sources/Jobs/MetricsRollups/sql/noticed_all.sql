-- All rows of a window, by hour.
select
  case when occurred_at is not null then date_bin('1 hour', occurred_at, oneshot.hour_grid(:zone)) end as hour,
  min(occurred_at::timestamptz) as first, max(occurred_at::timestamptz) as last, count(*) as events, 0 as late
from event
where occurred_at is null or (occurred_at >= :window_start and occurred_at < :window_end)
group by 1
