-- The first row of each hour of a window, found one after the other by the index on occurred_at: the cost grows with
-- the number of hours.
with recursive hours as (
  select (select min(occurred_at) from event where occurred_at >= :window_start and occurred_at < :window_end) as first
  union all
  select (
    select min(occurred_at) from event
    where occurred_at >= oneshot.bucket_end('hourly', hours.first, :zone) and occurred_at < :window_end)
  from hours
  where hours.first is not null
)
select first as quarter, first, first as last, 0 as events, 0 as timeless, 0 as late from hours where first is not null
