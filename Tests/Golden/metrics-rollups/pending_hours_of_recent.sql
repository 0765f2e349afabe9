-- metrics-rollups, pending_hours_of_recent
\set window_start '''2025-11-07T00:00:00Z''::timestamptz'
\set window_end '''2025-11-08T00:00:00Z''::timestamptz'
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
prepare golden (timestamptz, timestamptz, unknown, unknown) as
with event as not materialized (select * from (-- The events that applications write; see docs/decisions/0014 for written_by.
select metric, entity_type, entity_id, value, occurred_at, written_by
from metric_events
where occurred_at >= $1 and (occurred_at < $2 or $2 = 'infinity')
) as file) , noticed as (select null::timestamptz as first, null::timestamptz as last) -- Hours that the next run will calculate: queued, or touched since the position.
select distinct oneshot.bucket_start('hourly', moment, $3) as bucket_start
from (
  select first as moment from noticed
  union all
  select last from noticed
  union all
  select occurred_at from oneshot.rollup_changes
  where source = $4 and occurred_at >= $1 and occurred_at < $2
  union all
  select bucket_start from oneshot.rollup_queue
  where source = $4 and granularity = 'hourly' and bucket_start >= $1 and bucket_start < $2
) as moments
where moment is not null
;
execute golden (:window_start, :window_end, :zone, :source);
deallocate golden;
