-- Records when the days of all queued buckets begin, in addition to those that are recorded, with a margin around them,
-- so that this is not done each day; and all of them again where the rules have changed. Days before 1900 and after
-- 2100 have no known rules.
with queued as (
  select oneshot.day_of(min(bucket_start), :zone) as first, oneshot.day_of(max(bucket_start), :zone) as last
  from oneshot.rollup_queue
  where source = :source
), known as (
  select (select min(day)::date from jsonb_object_keys(calendar) as day) as first, calendar_until as last
  from oneshot.rollup_positions
  where source = :source and not :is_other_zone
), days as (
  select greatest(least(queued.first - 45, known.first), '1900-01-01') as first,
    least(greatest(queued.last + 90, known.last), '2100-01-01') as last
  from queued left join known on true
  -- greatest() leaves nulls out: with nothing queued and nothing known, the days would be all of two centuries.
  where coalesce(queued.first, known.first) is not null
    and (:has_moved or known.first is null
    or greatest(queued.first - 32, '1900-01-01') < known.first or least(queued.last + 32, '2100-01-01') > known.last)
)
update oneshot.rollup_positions
set calendar = oneshot.calendar(:zone, days.first, days.last), calendar_until = days.last
from days
where source = :source and days.first < days.last
