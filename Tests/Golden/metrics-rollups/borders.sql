-- metrics-rollups, borders
\set from_day '''2025-11-07''::date'
\set zone '''Europe/Berlin'''
\set from_moment 'null'
\set to_day '''2025-11-07''::date'
\set to_moment 'null'
\set levels '''{"hourly","daily"}'''
prepare golden (date, unknown, unknown, date, unknown, unknown) as
-- A range in whole days, and the buckets of each level that lie in it at least in part.
with range as (
  select
    coalesce(
      oneshot.day_start($1::date, $2),
      oneshot.day_start(oneshot.day_of($3::timestamptz, $2), $2)) as start,
    coalesce(
      oneshot.day_start($4::date, $2),
      oneshot.bucket_end('daily', $5::timestamptz - interval '1 microsecond', $2)) as until
)
select level as granularity, start as range_start, until as range_end, oneshot.bucket_start(level, start, $2) as bucket_start,
  oneshot.bucket_end(level, until - interval '1 microsecond', $2) as bucket_end
from range, unnest($6::text[]) as level
;
execute golden (:from_day, :zone, :from_moment, :to_day, :to_moment, :levels);
deallocate golden;
