-- metrics-rollups: the day of a moment, found in half of the time. The answers are the same.

create or replace function oneshot.day_of(moment timestamptz, zone text) returns date
language plpgsql immutable parallel safe as $$
declare
  day date := (moment at time zone zone)::date;
  midnight timestamptz := day::timestamp at time zone zone;
begin
  -- Most moments are far from both ends of their day.
  if moment >= midnight + interval '2 hours' and moment < midnight + interval '20 hours' then return day; end if;
  if moment >= oneshot.day_start(day + 1, zone) then return day + 1; end if;
  if moment < oneshot.day_start(day, zone) then return day - 1; end if;
  return day;
end
$$;
