-- The days of a run, oldest first, with their borders in the time zone of the counters.
with clock as (
  select (:scheduled_at::timestamptz at time zone :timezone::text)::date as today
), wanted as (
  select unnest(:dates::date[]) as day
  union
  select today + unnest(:offsets::int[]) from clock
  union
  -- By default: what is over, not completed yet, and still within the counters' life. To compare both
  -- sides, completed days are looked at too.
  select candidate::date
  from clock, generate_series(today - :retention_days::int, today - 1, interval '1 day') as candidate
  where :by_default and not exists (
    select from oneshot.usage_days d
    where not :with_completed and d.instance = :instance and d.server = :server and d.key_prefix = :key_prefix
      and d.usage_date = candidate::date
      and d.shard_count = :shard_count and d.shard = :shard)
  union
  select today from clock where :include_today
)
select
  day,
  day::timestamp at time zone :timezone::text as starts_at,
  (day + 1)::timestamp at time zone :timezone::text as ends_at,
  (day + 1)::timestamp at time zone :timezone::text + make_interval(secs => :settle_seconds)
    <= least(:scheduled_at::timestamptz, :started_at::timestamptz) as is_settled
from wanted
order by day
