-- metrics-rollups, keep_calendar
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
\set is_other_zone 'false'
\set has_moved 'false'
prepare golden (unknown, unknown, boolean, boolean) as
-- Records when the days of all queued buckets begin, in addition to those that are recorded, with a margin around them,
-- so that this is not done each day; and all of them again where the rules have changed. Days before 1900 and after
-- 2100 have no known rules.
with queued as (
  select oneshot.day_of(min(bucket_start), $1) as first, oneshot.day_of(max(bucket_start), $1) as last
  from oneshot.rollup_queue
  where source = $2
), known as (
  select (select min(day)::date from jsonb_object_keys(calendar) as day) as first, calendar_until as last
  from oneshot.rollup_positions
  where source = $2 and not $3
), days as (
  select greatest(least(queued.first - 45, known.first), '1900-01-01') as first,
    least(greatest(queued.last + 90, known.last), '2100-01-01') as last
  from queued left join known on true
  -- greatest() leaves nulls out: with nothing queued and nothing known, the days would be all of two centuries.
  where coalesce(queued.first, known.first) is not null
    and ($4 or known.first is null
    or greatest(queued.first - 32, '1900-01-01') < known.first or least(queued.last + 32, '2100-01-01') > known.last)
)
update oneshot.rollup_positions
set calendar = oneshot.calendar($1, days.first, days.last), calendar_until = days.last
from days
where source = $2 and days.first < days.last
;
execute golden (:zone, :source, :is_other_zone, :has_moved);
deallocate golden;
