-- metrics-rollups: the buckets of many moments at once, and those of one in half of the time. The answers are the same.

-- The buckets of some levels in which some moments lie, each bucket once, and when the day begins in which it begins. Goes along the
-- moments, so that a day is looked for once, and not for each of its moments.
create function oneshot.buckets(moments timestamptz[], levels text[], zone text)
returns table (granularity text, bucket_start timestamptz, bucket_end timestamptz, day_start timestamptz)
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
declare
  has_hours constant boolean := 'hourly' = any (levels);
  has_days constant boolean := 'daily' = any (levels);
  has_weeks constant boolean := 'weekly' = any (levels);
  has_months constant boolean := 'monthly' = any (levels);
  moment timestamptz;
  day date;
  opens timestamptz;
  closes timestamptz := '-infinity';
  closes_next timestamptz;
  hour_end timestamptz;
  week_end timestamptz := '-infinity';
  month_end timestamptz := '-infinity';
begin
  foreach moment in array array(select given from unnest(moments) as given where isfinite(given) order by given) loop
    if moment >= closes then
      -- Most often the next one.
      closes_next := oneshot.day_start(day + 2, zone);
      if moment < closes_next then
        day := day + 1;
        opens := closes;
        closes := closes_next;
      else
        day := oneshot.day_of(moment, zone);
        opens := oneshot.day_start(day, zone);
        closes := oneshot.day_start(day + 1, zone);
      end if;
      hour_end := opens;
      if has_days then
        granularity := 'daily'; bucket_start := opens; bucket_end := closes; day_start := opens;
        return next;
      end if;
      if has_weeks and moment >= week_end then
        week_end := oneshot.day_start(date_trunc('week', day::timestamp)::date + 7, zone);
        granularity := 'weekly'; bucket_start := oneshot.day_start(date_trunc('week', day::timestamp)::date, zone);
        bucket_end := week_end; day_start := bucket_start;
        return next;
      end if;
      if has_months and moment >= month_end then
        month_end := oneshot.day_start((date_trunc('month', day::timestamp) + interval '1 month')::date, zone);
        granularity := 'monthly'; bucket_start := oneshot.day_start(date_trunc('month', day::timestamp)::date, zone);
        bucket_end := month_end; day_start := bucket_start;
        return next;
      end if;
    end if;
    if has_hours and moment >= hour_end then
      granularity := 'hourly'; bucket_start := date_bin('1 hour', moment, opens);
      hour_end := least(bucket_start + interval '1 hour', closes);
      bucket_end := hour_end; day_start := opens;
      return next;
    end if;
  end loop;
end
$$;

create or replace function oneshot.bucket_start(granularity text, moment timestamptz, zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
  day date := (moment at time zone zone)::date;
  opens timestamptz := day::timestamp at time zone zone;
begin
  -- Most moments are far from both ends of their day; and whether it began at midnight or an hour before, its hours are the same.
  if moment < opens + interval '2 hours' or moment >= opens + interval '20 hours' then
    day := oneshot.day_of(moment, zone);
    opens := oneshot.day_start(day, zone);
  end if;
  return case granularity
    when 'hourly' then date_bin('1 hour', moment, opens)
    when 'daily' then oneshot.day_start(day, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date, zone)
    when 'monthly' then oneshot.day_start(date_trunc('month', day::timestamp)::date, zone)
  end;
end
$$;

create or replace function oneshot.bucket_end(granularity text, moment timestamptz, zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
  day date := (moment at time zone zone)::date;
  opens timestamptz := day::timestamp at time zone zone;
begin
  if moment < opens + interval '2 hours' or moment >= opens + interval '20 hours' then
    day := oneshot.day_of(moment, zone);
    opens := oneshot.day_start(day, zone);
  elsif granularity = 'hourly' then
    return date_bin('1 hour', moment, opens) + interval '1 hour';
  end if;
  return case granularity
    when 'hourly' then least(date_bin('1 hour', moment, opens) + interval '1 hour', oneshot.day_start(day + 1, zone))
    when 'daily' then oneshot.day_start(day + 1, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date + 7, zone)
    when 'monthly' then oneshot.day_start((date_trunc('month', day::timestamp) + interval '1 month')::date, zone)
  end;
end
$$;
