-- metrics-rollups: rollups, how far they are, and the calendar.

create table metric_rollups (
  granularity text collate "C" not null,
  bucket_start timestamptz not null,
  source text collate "C" not null,
  metric text collate "C" not null,
  entity_type text collate "C" not null,
  entity_id text collate "C" not null,
  count bigint not null,
  sum double precision not null,
  min double precision not null,
  max double precision not null,
  primary key (granularity, bucket_start, source, metric, entity_type, entity_id)
) partition by list (granularity);
create table metric_rollups_hourly partition of metric_rollups for values in ('hourly');
create table metric_rollups_daily partition of metric_rollups for values in ('daily');
create table metric_rollups_weekly partition of metric_rollups for values in ('weekly');
create table metric_rollups_monthly partition of metric_rollups for values in ('monthly');
comment on table metric_rollups is 'Kept by metrics-rollups. The average is sum / count.';

create table oneshot.rollup_positions (
  source text primary key,
  timezone text not null,
  seen pg_snapshot,
  looked_until timestamptz,
  rebuilding text,
  raw_from timestamptz,
  raw_seen pg_snapshot,
  raw_removed_until timestamptz,
  hourly_from timestamptz,
  daily_from timestamptz,
  weekly_from timestamptz,
  monthly_from timestamptz
);
comment on table oneshot.rollup_positions is
  'One row a source: what metrics-rollups has looked at, in which time zone, what a rebuild that has not ended covers, and from where on raw events and rollups are kept whole.';

create table oneshot.rollup_queue (
  source text not null,
  granularity text not null,
  bucket_start timestamptz not null,
  primary key (source, granularity, bucket_start)
);
comment on table oneshot.rollup_queue is 'Buckets that are to be recalculated. Leaves in the transaction that does it.';

create table oneshot.rollup_progress (
  run_id uuid not null references oneshot.job_runs on delete cascade,
  granularity text not null,
  mode text not null,
  started_at timestamptz,
  completed_at timestamptz,
  period_start timestamptz,
  period_end timestamptz,
  records_processed bigint not null default 0,
  errors bigint not null default 0,
  error_message text,
  primary key (run_id, granularity)
);
comment on table oneshot.rollup_progress is 'What each run of metrics-rollups has done of each level.';

create view metrics_aggregation_jobs_log as
select p.granularity as job_type, p.period_start, p.period_end,
  case
    when p.completed_at is null then r.status
    when p.errors > 0 then 'partial'
    else 'succeeded'
  end as status,
  p.started_at, coalesce(p.completed_at, case when p.started_at is not null then r.finished_at end) as completed_at,
  extract(epoch from coalesce(p.completed_at, r.finished_at) - p.started_at)::double precision as duration_seconds,
  p.records_processed, p.errors,
  coalesce(p.error_message, case when p.completed_at is null then r.error_message end) as error_message,
  p.mode, p.run_id
from oneshot.rollup_progress p
join oneshot.job_runs r using (run_id);
comment on view metrics_aggregation_jobs_log is 'One row for each run of metrics-rollups and each level.';

-- The calendar. A day begins when the clock of its time zone first shows its date: where midnight comes twice, the
-- first time. So days lie end to end, whatever the zone does. (plpgsql, because these cannot be inlined: forty times
-- faster than sql.)
create function oneshot.day_start(day date, zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
  midnight timestamptz := day::timestamp at time zone zone;
begin
  if (midnight - interval '1 hour') at time zone zone >= day::timestamp then
    return midnight - interval '1 hour';
  end if;
  return midnight;
end
$$;

-- The day in which a moment lies; not always the date that the clock shows, where clocks are set back over midnight.
create function oneshot.day_of(moment timestamptz, zone text) returns date
language plpgsql immutable parallel safe as $$
declare
  day date := (moment at time zone zone)::date;
begin
  if moment >= oneshot.day_start(day + 1, zone) then return day + 1; end if;
  if moment < oneshot.day_start(day, zone) then return day - 1; end if;
  return day;
end
$$;

-- The bucket of a moment. Hours are counted from where their day begins (Asia/Kolkata: half past, by UTC), and the last
-- is cut where the next day begins within it, so that a day is always the sum of its hours.
create function oneshot.bucket_start(granularity text, moment timestamptz, zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
  day date := oneshot.day_of(moment, zone);
begin
  return case granularity
    when 'hourly' then date_bin('1 hour', moment, oneshot.day_start(day, zone))
    when 'daily' then oneshot.day_start(day, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date, zone)
    when 'monthly' then oneshot.day_start(date_trunc('month', day::timestamp)::date, zone)
  end;
end
$$;

-- Where the bucket of a moment ends, and the next begins.
create function oneshot.bucket_end(granularity text, moment timestamptz, zone text) returns timestamptz
language plpgsql immutable parallel safe as $$
declare
  day date := oneshot.day_of(moment, zone);
begin
  return case granularity
    when 'hourly' then
      least(
        date_bin('1 hour', moment, oneshot.day_start(day, zone)) + interval '1 hour',
        oneshot.day_start(day + 1, zone))
    when 'daily' then oneshot.day_start(day + 1, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date + 7, zone)
    when 'monthly' then oneshot.day_start((date_trunc('month', day::timestamp) + interval '1 month')::date, zone)
  end;
end
$$;

-- Who deletes raw events and keeps their rollups calls this first, in the same transaction: what is before the border is
-- from now on never calculated again, and what comes late for it is told. Deletions of the transaction are not noticed.
create function oneshot.close_raw(source text, before timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  place oneshot.rollup_positions;
  border timestamptz;
begin
  select p.* into place from oneshot.rollup_positions as p where p.source = close_raw.source for update;
  if place.seen is null and place.looked_until is null then
    raise exception 'metrics-rollups has not looked at % yet', source using hint = 'Run it first.';
  end if;
  border := oneshot.bucket_start('daily', before, place.timezone);
  if border <> before then
    raise exception '% is not where a day begins in %', before, place.timezone
      using hint = format('The day begins at %s.', border);
  end if;
  if before > coalesce(place.raw_from, '-infinity') then
    if exists (
        select from oneshot.rollup_queue as q
        where q.source = close_raw.source and q.granularity = 'hourly' and q.bucket_start < before)
      or exists (
        select from oneshot.rollup_changes as c
        where c.source = close_raw.source and (c.occurred_at is null or c.occurred_at < before))
      or close_raw.source = 'metric_events' and exists (
        select from metric_events as e
        where e.occurred_at < before
          and (place.seen is null or e.written_by >= pg_snapshot_xmax(place.seen)
            or e.written_by = any (array(select pg_snapshot_xip(place.seen))))) then
      raise exception 'not all of % before % is rolled up', source, before using hint = 'Run metrics-rollups first.';
    end if;
    -- What retention has begun to remove, it removes to its end; the rest is the caller's.
    update oneshot.rollup_positions as p
    set raw_from = before, raw_removed_until =
      case when p.raw_removed_until is not distinct from p.raw_from then before else p.raw_removed_until end
    where p.source = close_raw.source;
  end if;
  perform set_config('oneshot.keep_rollups', 'on', true);
end
$$;
revoke all on function oneshot.close_raw from public;
do $$
begin
  execute format(
    'alter function oneshot.close_raw set search_path to pg_catalog, %I, pg_temp', current_schema());
end
$$;
