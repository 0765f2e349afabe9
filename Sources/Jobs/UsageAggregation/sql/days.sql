-- The days of a run, oldest first, with their borders in the time zone of the counters. Where keys name months instead
-- of days, "day" means a month here, represented by its first day.
with clock as (
  select (:scheduled_at::timestamptz at time zone :timezone::text)::date as today,
    -- A single clock is not enough to say that a day is over.
    least(:scheduled_at::timestamptz, :started_at::timestamptz, now()) as moment
), wanted as (
  select unnest(:dates::date[]) as day
  union
  select today + unnest(:offsets::int[]) from clock
  union
  -- By default: days that are over and still within the counters' life.
  select candidate::date
  from clock, generate_series((today - :retention_days::int)::timestamp, today - 1, interval '1 day') as candidate
  where :by_default and date_trunc(:unit::text, candidate + interval '1 day') = candidate + interval '1 day'
  union
  select today from clock where :include_today
), bounded as (
  select distinct moment, begins::date as day,
    begins at time zone :timezone::text as starts_at,
    (begins + ('1 ' || :unit::text)::interval) at time zone :timezone::text as ends_at
  from wanted, clock, date_trunc(:unit::text, day::timestamp) as begins
)
select day, starts_at, ends_at,
  ends_at + make_interval(secs => :settle_seconds) <= moment as is_settled,
  ends_at + make_interval(secs => :life_seconds - 86400) <= moment as is_expiring,
  completed.keys as completed_keys,
  case when known.reading = :reading or known.keys >= 64 then known.keys end as known_keys
from bounded
-- A shard that now reads another share of the keys has not completed the day.
left join oneshot.usage_days known
  on known.instance = :instance and known.server = :server and known.key_prefix = :key_prefix
  and known.usage_date = day and known.shard_count = :shard_count and known.shard = :shard
left join lateral (select known.keys, known.read_for where known.reading = :reading) completed on true
-- By default a completed day is skipped until it has to be read again: a day after it was settled, and a day before its
-- counters expire. For the comparison of both sides, completed days are read, too.
where not :by_default or :with_completed or completed.keys is null
  or :recheck and exists (
    select from unnest(array[:settle_seconds + 86400, :life_seconds - 86400]) as mark
    where mark < :life_seconds and completed.read_for < ends_at + make_interval(secs => mark)
      and ends_at + make_interval(secs => mark) <= moment)
order by day
