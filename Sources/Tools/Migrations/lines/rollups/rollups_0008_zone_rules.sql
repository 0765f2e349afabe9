-- metrics-rollups: by which rules of its time zone a source was rolled up. A country that gives up summer time changes them under
-- the zone's name, and days of the old rules would stand beside those of the new ones.

alter table oneshot.rollup_positions
  add column calendar jsonb,
  add column calendar_until date;
comment on column oneshot.rollup_positions.calendar is
  'When the days of the rollups begin, as oneshot.calendar writes it, up to calendar_until.';

-- How many seconds after midnight in UTC of its date a day begins: of the first day of a range, and of each one from which on it
-- is another number.
create function oneshot.calendar(zone text, first date, last date) returns jsonb
language sql stable set search_path = pg_catalog, pg_temp set jit = off as $$
  select jsonb_object_agg(day, shift)
  from (
    select day, shift, lag(shift) over (order by day) as before
    from (
      select day, extract(epoch from oneshot.day_start(day, zone) - day::timestamp at time zone 'UTC')::integer as shift
      from (select first + n as day from generate_series(0, last - first) as n) as days) as shifts) as shifts
  where shift is distinct from before
$$;

-- From where to where days do not begin as a calendar says; the day before the first of them ends elsewhere. Null where all do.
create function oneshot.calendar_moved(
  calendar jsonb, last date, zone text, out start timestamptz, out until timestamptz)
language sql stable set search_path = pg_catalog, pg_temp set jit = off as $$
  select oneshot.day_start(min(day) - 1, zone), greatest(max(was), oneshot.day_start(max(day) + 1, zone))
  from (
    select opens + n as day, (opens + n)::timestamp at time zone 'UTC' + make_interval(secs => shift) as was
    from (
      select key::date as opens, value::integer as shift, lead(key::date, 1, last + 1) over (order by key) as closes
      from jsonb_each_text(calendar)) as spans
    cross join generate_series(0, closes - opens - 1) as n) as days
  where was <> oneshot.day_start(day, zone)
$$;

-- Of what is stored already, by the rules that there are now. (The ends of an index.)
with stored as (
  select (min(bucket_start) at time zone 'UTC')::date - 45 as first, (max(bucket_start) at time zone 'UTC')::date + 90 as last
  from metric_rollups where granularity = 'daily'
)
update oneshot.rollup_positions
set calendar_until = least(last, '2100-01-01'), calendar = oneshot.calendar(timezone, greatest(first, '1900-01-01'), least(last, '2100-01-01'))
from stored
where first < '2100-01-01' and last > '1900-01-01'
  and exists (select from pg_timezone_names where lower(name) = lower(timezone));
