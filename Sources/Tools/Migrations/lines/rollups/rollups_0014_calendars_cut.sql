-- metrics-rollups: the calendar of a source that had no event in its first run went from 1900 to 2100, and each run compared all of it.
-- It ends where the rollups do. What it says stays: it may be of rules that no run has compared yet.

with ends as (
  select (min(first) at time zone 'UTC')::date - 45 as first, (max(last) at time zone 'UTC')::date + 90 as last
  from (values ('hourly'), ('daily'), ('weekly'), ('monthly')) as levels (level)
  cross join lateral (
    select min(bucket_start) as first, max(bucket_start) as last from metric_rollups where granularity = level) as stored
), cut as (
  select source, least(ends.last, calendar_until) as last,
    (select jsonb_object_agg(greatest(opens, ends.first), shift)
     from (
       select key::date as opens, value as shift, lead(key::date, 1, calendar_until + 1) over (order by key::date) as closes
       from jsonb_each(calendar)) as spans
     where opens <= ends.last and closes > ends.first) as calendar
  from oneshot.rollup_positions cross join ends
  where calendar ? '1900-01-01' and calendar_until = '2100-01-01'
)
update oneshot.rollup_positions as p
set calendar = cut.calendar, calendar_until = case when cut.calendar is not null then cut.last end
from cut
where p.source = cut.source;
