-- usage-aggregation, days
\set scheduled_at '''2025-11-08T02:00:00Z''::timestamptz'
\set timezone '''Europe/Berlin'''
\set started_at '''2025-11-08T02:00:03Z''::timestamptz'
\set dates '''{"2025-11-01"}'''
\set offsets '''{"-1","-2"}'''
\set retention_days '''90''::bigint'
\set by_default 'true'
\set unit '''day'''
\set include_today 'false'
\set settle_seconds '''300.0''::double precision'
\set life_seconds '''518400.0''::double precision'
\set reading ''''''
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set shard_count '''1''::bigint'
\set shard '''0''::bigint'
\set with_completed 'false'
\set recheck 'true'
prepare golden (timestamptz, unknown, timestamptz, unknown, unknown, bigint, boolean, unknown, boolean, double precision, double precision, unknown, unknown, unknown, unknown, bigint, bigint, boolean, boolean) as
-- The days of a run, oldest first, with their borders in the time zone of the counters. Where keys name months instead
-- of days, "day" means a month here, represented by its first day.
with clock as (
  select ($1::timestamptz at time zone $2::text)::date as today,
    -- A single clock is not enough to say that a day is over.
    least($1::timestamptz, $3::timestamptz, now()) as moment
), wanted as (
  select unnest($4::date[]) as day
  union
  select today + unnest($5::int[]) from clock
  union
  -- By default: days that are over and still within the counters' life.
  select candidate::date
  from clock, generate_series((today - $6::int)::timestamp, today - 1, interval '1 day') as candidate
  where $7 and date_trunc($8::text, candidate + interval '1 day') = candidate + interval '1 day'
  union
  select today from clock where $9
), bounded as (
  select distinct moment, begins::date as day,
    begins at time zone $2::text as starts_at,
    (begins + ('1 ' || $8::text)::interval) at time zone $2::text as ends_at
  from wanted, clock, date_trunc($8::text, day::timestamp) as begins
)
select day, starts_at, ends_at,
  ends_at + make_interval(secs => $10) <= moment as is_settled,
  ends_at + make_interval(secs => $11 - 86400) <= moment as is_expiring,
  completed.keys as completed_keys,
  case when known.reading = $12 or known.keys >= 64 then known.keys end as known_keys
from bounded
-- A shard that now reads another share of the keys has not completed the day.
left join oneshot.usage_days known
  on known.instance = $13 and known.server = $14 and known.key_prefix = $15
  and known.usage_date = day and known.shard_count = $16 and known.shard = $17
left join lateral (select known.keys, known.read_for where known.reading = $12) completed on true
-- By default a completed day is skipped until it has to be read again: a day after it was settled, and a day before its
-- counters expire. For the comparison of both sides, completed days are read, too.
where not $7 or $18 or completed.keys is null
  or $19 and exists (
    select from unnest(array[$10 + 86400, $11 - 86400]) as mark
    where mark < $11 and completed.read_for < ends_at + make_interval(secs => mark)
      and ends_at + make_interval(secs => mark) <= moment)
order by day
;
execute golden (:scheduled_at, :timezone, :started_at, :dates, :offsets, :retention_days, :by_default, :unit, :include_today, :settle_seconds, :life_seconds, :reading, :instance, :server, :key_prefix, :shard_count, :shard, :with_completed, :recheck);
deallocate golden;
