-- Takes the queued buckets of one day, the oldest or the newest, out of the queue.
with day as (
  select oneshot.day_of(case when :newest_first then max(bucket_start) else min(bucket_start) end, :zone) as day
  from oneshot.rollup_queue
  where source = :source and granularity = :granularity and bucket_start >= :from and bucket_start < :until
), span as (
  select greatest(oneshot.day_start(day, :zone), :from) as start, least(oneshot.day_start(day + 1, :zone), :until) as until
  from day
), taken as (
  delete from oneshot.rollup_queue as q
  using span
  where q.source = :source and q.granularity = :granularity and q.bucket_start >= span.start
    and q.bucket_start < span.until
  returning q.bucket_start
)
select distinct oneshot.bucket_start(:granularity, bucket_start, :zone) as bucket_start,
  oneshot.bucket_end(:granularity, bucket_start, :zone) as bucket_end, span.start as span_start, span.until as span_end
from taken, span
order by 1
