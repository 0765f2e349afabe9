-- metrics-rollups, emptied_ahead
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set calendar_end '''2025-11-08T00:00:00Z''::timestamptz'
\set stored_from '''2025-11-07T00:00:00Z''::timestamptz'
\set stored_until '''2025-11-08T00:00:00Z''::timestamptz'
\set raw_from '''2025-11-07T00:00:00Z''::timestamptz'
\set hours_more '''0''::bigint'
prepare golden (timestamptz, timestamptz, unknown, unknown, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) -- Days that this run would calculate and that have rollups and no rows any more, and how many rollups. It considers
-- what was changed, what is queued, and what is stored of a window.
select opens, closes, stored.rollups
from (
  select distinct oneshot.bucket_start('daily', moment, $3) as opens
  from (
    select occurred_at as moment from oneshot.rollup_changes
    where source = $4 and occurred_at >= $5 and occurred_at < $6
    union
    select bucket_start from oneshot.rollup_queue where source = $4 and granularity = 'hourly'
    union
    select bucket_start from metric_rollups
    where source = $4 and granularity = 'hourly' and (
      bucket_start >= $7::timestamptz and bucket_start < $8::timestamptz
      or exists (select from oneshot.rollup_changes where source = $4 and mark is not null))) as moments
  where moment >= coalesce($9::timestamptz, '-infinity')) as days
cross join lateral oneshot.bucket_end('daily', opens, $3) as day (closes)
cross join lateral (
  select count(*) as rollups from metric_rollups
  where granularity = 'hourly' and source = $4 and bucket_start >= opens and bucket_start < closes) as stored
where stored.rollups > 0 and not exists (
  -- Hours of another time zone may begin in one day, and hold events of the next.
  select from event where occurred_at >= opens and occurred_at < closes + make_interval(hours => $10::integer))
order by 1
;
execute golden (:window_start, :window_end, :zone, :source, :calendar_start, :calendar_end, :stored_from, :stored_until, :raw_from, :hours_more);
deallocate golden;
