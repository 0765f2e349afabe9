-- metrics-rollups, notice_new
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set calendar_end '''2025-11-08T00:00:00Z''::timestamptz'
\set raw_from '''2025-11-07T00:00:00Z''::timestamptz'
\set seen '''100:100:'''
\set source '''metric_events'''
\set moves 'true'
\set levels '''{"hourly","daily"}'''
\set stored_from '''2025-11-07T00:00:00Z''::timestamptz'
\set stored_until '''2025-11-08T00:00:00Z''::timestamptz'
\set zone '''Europe/Berlin'''
\set hourly_from 'null'
\set daily_from 'null'
\set weekly_from 'null'
\set monthly_from 'null'
\set is_exact 'true'
\set looked_until 'null'
\set rebuilding 'null'
\set version '''built in'''
\set is_renewed 'false'
prepare golden (timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, unknown, unknown, boolean, unknown, timestamptz, timestamptz, unknown, unknown, unknown, unknown, unknown, boolean, unknown, unknown, unknown, boolean) as
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
), changed as (delete from oneshot.rollup_changes where source = $7 and $8 returning occurred_at, mark), -- The buckets that the noticed rows touch; rows outside of every calendar touch none. (A quarter of an hour may lie in
-- two buckets; its first and its last row decide.)
moments as (
  select first as moment, null as stored_as from noticed where quarter is not null
  union all
  select last, null from noticed where quarter is not null
  union all
  select occurred_at, null from changed where occurred_at >= $3 and occurred_at < $4
  union all
  -- Stored buckets whose events may have vanished; all of them where the source was emptied.
  select bucket_start, granularity from metric_rollups
  where source = $7 and granularity = any ($9::text[])
    and (bucket_start >= $10::timestamptz and bucket_start < $11::timestamptz
      or exists (select from changed where mark is not null))
), touched as materialized (
  select distinct bucket.granularity, bucket.bucket_start
  from (select stored_as, array_agg(moment) as moments from moments group by stored_as) as noticed
  cross join lateral oneshot.buckets(
    noticed.moments, case when stored_as is null then $9::text[] else array[stored_as] end, $12) as bucket
), open as (
  -- Only buckets that can still be calculated from all of their parts.
  select granularity, bucket_start from touched
  where bucket_start >= case granularity
    when 'hourly' then coalesce($5::timestamptz, '-infinity')
    when 'daily' then coalesce($13::timestamptz, '-infinity')
    when 'weekly' then greatest($14::timestamptz, $15::timestamptz, '-infinity')
    else greatest($14::timestamptz, $16::timestamptz, '-infinity') end
)
 , queued as (
  insert into oneshot.rollup_queue (source, granularity, bucket_start)
  select $7, granularity, bucket_start from open
  on conflict do nothing
), moved as (
  -- In the same statement, and so of the same snapshot, as the noticed rows. A source without written_by has no
  -- snapshot: once it has the column, the first run reads everything.
  insert into oneshot.rollup_positions as p (source, timezone, seen, looked_until, rebuilding, version)
  values (
    $7, $12, case when $8 and $17 then pg_current_snapshot() end,
    case when $8 then $18::timestamptz end, $19, $20)
  on conflict (source) do update
  set timezone = excluded.timezone, seen = case when $17 then coalesce(excluded.seen, p.seen) end,
    looked_until = greatest(excluded.looked_until, p.looked_until), rebuilding = excluded.rebuilding,
    version = case when $21 then excluded.version else coalesce(p.version, excluded.version) end
)
 select (select count(*) from open where granularity = 'hourly') as hours, (select count(*) from open) as buckets,
  (select coalesce(sum(events), 0) from noticed) as events,
  (select coalesce(sum(timeless), 0) from noticed) as timeless,
  (select coalesce(sum(events - timeless), 0) from noticed where quarter is null) as outside,
  (select count(*) from changed where occurred_at < $3 or occurred_at >= $4) as changed_outside,
  exists (select from changed where mark = 'unknown') as is_unknown, late.hour as late_hour, late.events as late
from (values (1)) as one
left join (
  select oneshot.bucket_start('hourly', first, $12) as hour, sum(late)::bigint as events from noticed
  where late > 0 and quarter is not null
  group by 1
  union all
  -- Without a count: a change records moments, not rows.
  select distinct oneshot.bucket_start('hourly', occurred_at, $12), null::bigint from changed
  where occurred_at >= $3 and occurred_at < $5::timestamptz
) as late on true
order by late_hour
;
execute golden (:window_start, :window_end, :calendar_start, :calendar_end, :raw_from, :seen, :source, :moves, :levels, :stored_from, :stored_until, :zone, :hourly_from, :daily_from, :weekly_from, :monthly_from, :is_exact, :looked_until, :rebuilding, :version, :is_renewed);
deallocate golden;
