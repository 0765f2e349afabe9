-- Rows that were committed since the position was taken, by quarters of an hour; without a position, those outside of
-- every calendar. What a snapshot does not see was not committed when it was taken, so transactions may stay open for
-- any time and commit in any order.
select
  case
    when occurred_at::timestamptz >= :calendar_start and occurred_at::timestamptz < :calendar_end
    then date_bin('15 minutes', occurred_at::timestamptz, timestamptz '2000-01-01 00:00:00+00') end as quarter,
  min(occurred_at::timestamptz) as first, max(occurred_at::timestamptz) as last, count(*) as events,
  count(*) filter (where occurred_at is null) as timeless,
  count(*) filter (
    where occurred_at::timestamptz >= :calendar_start and occurred_at::timestamptz < :raw_from::timestamptz
      and :seen::pg_snapshot is not null) as late
from event
where (occurred_at is null or (occurred_at::timestamptz >= :window_start
    and (occurred_at::timestamptz < :window_end or :window_end = 'infinity')))
  -- Not visible in the position's snapshot, written so that the index finds it: begun since, or running then.
  and (:seen::pg_snapshot is null
    or written_by >= pg_snapshot_xmax(:seen::pg_snapshot) and written_by < pg_snapshot_xmax(pg_current_snapshot())
    -- The running transactions, as a constant. For a set from a function the planner assumes that any row may be in it,
    -- and where all rows are of one transaction (loaded, or older than the column), that each one is.
    or written_by = any (coalesce(
      string_to_array(nullif(split_part((:seen::pg_snapshot)::text, ':', 3), ''), ',')::xid8[], '{}')))
group by 1
