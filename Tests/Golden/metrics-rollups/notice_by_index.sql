-- metrics-rollups, notice_by_index
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
\set moves 'true'
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set calendar_end '''2025-11-08T00:00:00Z''::timestamptz'
\set levels '''{"hourly","daily"}'''
\set stored_from '''2025-11-07T00:00:00Z''::timestamptz'
\set stored_until '''2025-11-08T00:00:00Z''::timestamptz'
\set raw_from '''2025-11-07T00:00:00Z''::timestamptz'
\set hourly_from 'null'
\set daily_from 'null'
\set weekly_from 'null'
\set monthly_from 'null'
\set is_exact 'true'
\set looked_until 'null'
\set rebuilding 'null'
\set version '''built in'''
\set is_renewed 'false'
prepare golden (timestamptz, timestamptz, unknown, unknown, boolean, timestamptz, timestamptz, unknown, timestamptz, timestamptz, timestamptz, unknown, unknown, unknown, unknown, boolean, unknown, unknown, unknown, boolean) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) , noticed as (-- The first row of each hour of a window, found one after the other by the index on occurred_at: the cost grows with
-- the number of hours.
with recursive hours as (
  select (select min(occurred_at) from event where occurred_at >= $1 and occurred_at < $2) as first
  union all
  select (
    select min(occurred_at) from event
    where occurred_at >= oneshot.bucket_end('hourly', hours.first, $3) and occurred_at < $2)
  from hours
  where hours.first is not null
)
select first as quarter, first, first as last, 0 as events, 0 as timeless, 0 as late from hours where first is not null
), changed as (delete from oneshot.rollup_changes where source = $4 and $5 returning occurred_at, mark), -- The buckets that the noticed rows touch; rows outside of every calendar touch none. (A quarter of an hour may lie in
-- two buckets; its first and its last row decide.)
moments as (
  select first as moment, null as stored_as from noticed where quarter is not null
  union all
  select last, null from noticed where quarter is not null
  union all
  select occurred_at, null from changed where occurred_at >= $6 and occurred_at < $7
  union all
  -- Stored buckets whose events may have vanished; all of them where the source was emptied.
  select bucket_start, granularity from metric_rollups
  where source = $4 and granularity = any ($8::text[])
    and (bucket_start >= $9::timestamptz and bucket_start < $10::timestamptz
      or exists (select from changed where mark is not null))
), touched as materialized (
  select distinct bucket.granularity, bucket.bucket_start
  from (select stored_as, array_agg(moment) as moments from moments group by stored_as) as noticed
  cross join lateral oneshot.buckets(
    noticed.moments, case when stored_as is null then $8::text[] else array[stored_as] end, $3) as bucket
), open as (
  -- Only buckets that can still be calculated from all of their parts.
  select granularity, bucket_start from touched
  where bucket_start >= case granularity
    when 'hourly' then coalesce($11::timestamptz, '-infinity')
    when 'daily' then coalesce($12::timestamptz, '-infinity')
    when 'weekly' then greatest($13::timestamptz, $14::timestamptz, '-infinity')
    else greatest($13::timestamptz, $15::timestamptz, '-infinity') end
)
 , queued as (
  insert into oneshot.rollup_queue (source, granularity, bucket_start)
  select $4, granularity, bucket_start from open
  on conflict do nothing
), moved as (
  -- In the same statement, and so of the same snapshot, as the noticed rows. A source without written_by has no
  -- snapshot: once it has the column, the first run reads everything.
  insert into oneshot.rollup_positions as p (source, timezone, seen, looked_until, rebuilding, version)
  values (
    $4, $3, case when $5 and $16 then pg_current_snapshot() end,
    case when $5 then $17::timestamptz end, $18, $19)
  on conflict (source) do update
  set timezone = excluded.timezone, seen = case when $16 then coalesce(excluded.seen, p.seen) end,
    looked_until = greatest(excluded.looked_until, p.looked_until), rebuilding = excluded.rebuilding,
    version = case when $20 then excluded.version else coalesce(p.version, excluded.version) end
)
 select (select count(*) from open where granularity = 'hourly') as hours, (select count(*) from open) as buckets,
  (select coalesce(sum(events), 0) from noticed) as events,
  (select coalesce(sum(timeless), 0) from noticed) as timeless,
  (select coalesce(sum(events - timeless), 0) from noticed where quarter is null) as outside,
  (select count(*) from changed where occurred_at < $6 or occurred_at >= $7) as changed_outside,
  exists (select from changed where mark = 'unknown') as is_unknown, late.hour as late_hour, late.events as late
from (values (1)) as one
left join (
  select oneshot.bucket_start('hourly', first, $3) as hour, sum(late)::bigint as events from noticed
  where late > 0 and quarter is not null
  group by 1
  union all
  -- Without a count: a change records moments, not rows.
  select distinct oneshot.bucket_start('hourly', occurred_at, $3), null::bigint from changed
  where occurred_at >= $6 and occurred_at < $11::timestamptz
) as late on true
order by late_hour
;
execute golden (:window_start, :window_end, :zone, :source, :moves, :calendar_start, :calendar_end, :levels, :stored_from, :stored_until, :raw_from, :hourly_from, :daily_from, :weekly_from, :monthly_from, :is_exact, :looked_until, :rebuilding, :version, :is_renewed);
deallocate golden;
