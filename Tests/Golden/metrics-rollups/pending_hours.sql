-- metrics-rollups, pending_hours
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set calendar_end '''2025-11-08T00:00:00Z''::timestamptz'
\set raw_from '''2025-11-07T00:00:00Z''::timestamptz'
\set seen '''100:100:'''
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
prepare golden (timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, unknown, unknown, unknown) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) , noticed as (-- Rows that were committed since the position was taken, by quarters of an hour; without a position, those outside of
-- every calendar. What a snapshot does not see was not committed when it was taken, so transactions may stay open for
-- any time and commit in any order.
select
  case
    when occurred_at::timestamptz >= $3 and occurred_at::timestamptz < $4
    then date_bin('15 minutes', occurred_at::timestamptz, timestamptz '2000-01-01 00:00:00+00') end as quarter,
  min(occurred_at::timestamptz) as first, max(occurred_at::timestamptz) as last, count(*) as events,
  count(*) filter (where occurred_at is null) as timeless,
  count(*) filter (
    where occurred_at::timestamptz >= $3 and occurred_at::timestamptz < $5::timestamptz
      and $6::pg_snapshot is not null) as late
from event
where (occurred_at is null or (occurred_at::timestamptz >= $1
    and (occurred_at::timestamptz < $2 or $2 = 'infinity')))
  -- Not visible in the position's snapshot, written so that the index finds it: begun since, or running then.
  and ($6::pg_snapshot is null
    or written_by >= pg_snapshot_xmax($6::pg_snapshot) and written_by < pg_snapshot_xmax(pg_current_snapshot())
    -- The running transactions, as a constant. For a set from a function the planner assumes that any row may be in it,
    -- and where all rows are of one transaction (loaded, or older than the column), that each one is.
    or written_by = any (coalesce(
      string_to_array(nullif(split_part(($6::pg_snapshot)::text, ':', 3), ''), ',')::xid8[], '{}')))
group by 1
) -- Hours that the next run will calculate: queued, or touched since the position.
select distinct oneshot.bucket_start('hourly', moment, $7) as bucket_start
from (
  select first as moment from noticed
  union all
  select last from noticed
  union all
  select occurred_at from oneshot.rollup_changes
  where source = $8 and occurred_at >= $1 and occurred_at < $2
  union all
  select bucket_start from oneshot.rollup_queue
  where source = $8 and granularity = 'hourly' and bucket_start >= $1 and bucket_start < $2
) as moments
where moment is not null
;
execute golden (:window_start, :window_end, :calendar_start, :calendar_end, :raw_from, :seen, :zone, :source);
deallocate golden;
