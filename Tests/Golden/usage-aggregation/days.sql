-- usage-aggregation, days
\set scheduled_at '''2025-11-08T02:00:00Z''::timestamptz'
\set timezone '''Europe/Berlin'''
\set dates '''{"2025-11-01"}'''
\set offsets '''{"-1","-2"}'''
\set retention_days '''90''::bigint'
\set by_default 'true'
\set with_completed 'false'
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''usage:'''
\set shard_count '''1''::bigint'
\set shard '''0''::bigint'
\set include_today 'false'
\set settle_seconds '''300.0''::double precision'
\set started_at '''2025-11-08T02:00:03Z''::timestamptz'
prepare golden (timestamptz, unknown, unknown, unknown, bigint, boolean, boolean, unknown, unknown, unknown, bigint, bigint, boolean, double precision, timestamptz) as
-- The days of a run, oldest first, with their borders in the time zone of the counters.
with clock as (
  select ($1::timestamptz at time zone $2::text)::date as today
), wanted as (
  select unnest($3::date[]) as day
  union
  select today + unnest($4::int[]) from clock
  union
  -- By default: what is over, not completed yet, and still within the counters' life. To compare both
  -- sides, completed days are looked at too.
  select candidate::date
  from clock, generate_series(today - $5::int, today - 1, interval '1 day') as candidate
  where $6 and not exists (
    select from oneshot.usage_days d
    where not $7 and d.instance = $8 and d.server = $9 and d.key_prefix = $10
      and d.usage_date = candidate::date
      and d.shard_count = $11 and d.shard = $12)
  union
  select today from clock where $13
)
select
  day,
  day::timestamp at time zone $2::text as starts_at,
  (day + 1)::timestamp at time zone $2::text as ends_at,
  (day + 1)::timestamp at time zone $2::text + make_interval(secs => $14)
    <= least($1::timestamptz, $15::timestamptz) as is_settled
from wanted
order by day
;
execute golden (:scheduled_at, :timezone, :dates, :offsets, :retention_days, :by_default, :with_completed, :instance, :server, :key_prefix, :shard_count, :shard, :include_today, :settle_seconds, :started_at);
deallocate golden;
