-- metrics-rollups, take
\set newest_first 'false'
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
\set granularity '''hourly'''
\set from '''2025-11-07T00:00:00Z''::timestamptz'
\set until '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (boolean, unknown, unknown, unknown, timestamptz, timestamptz) as
-- Takes the queued buckets of one day, the oldest or the newest, out of the queue.
with day as (
  select oneshot.day_of(case when $1 then max(bucket_start) else min(bucket_start) end, $2) as day
  from oneshot.rollup_queue
  where source = $3 and granularity = $4 and bucket_start >= $5 and bucket_start < $6
), span as (
  select greatest(oneshot.day_start(day, $2), $5) as start, least(oneshot.day_start(day + 1, $2), $6) as until
  from day
), taken as (
  delete from oneshot.rollup_queue as q
  using span
  where q.source = $3 and q.granularity = $4 and q.bucket_start >= span.start
    and q.bucket_start < span.until
  returning q.bucket_start
)
select distinct oneshot.bucket_start($4, bucket_start, $2) as bucket_start,
  oneshot.bucket_end($4, bucket_start, $2) as bucket_end, span.start as span_start, span.until as span_end
from taken, span
order by 1
;
execute golden (:newest_first, :zone, :source, :granularity, :from, :until);
deallocate golden;
