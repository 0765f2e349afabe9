-- Takes queued buckets out of the queue: those of one day, the oldest or the newest, and those of further days as long
-- as all of them are calculated from fewer than :most rows.
with candidates as materialized (
  select bucket_start from oneshot.rollup_queue
  where source = :source and granularity = :granularity and bucket_start >= :from and bucket_start < :until
  order by bucket_start {direction}
  limit :most_buckets
), weighed as materialized (
  -- Counting ends at the limit: what is not taken is not counted.
  select candidate.bucket_start from candidates as candidate left join lateral ({parts}) as part on true
  limit :most
), ends as (
  -- The first day, and the last one that was counted, which is counted only in part where the limit was reached.
  select oneshot.day_of(case when :newest_first then newest else oldest end, :zone) as first,
    oneshot.day_of(case when :newest_first then oldest else newest end, :zone) as last,
    case when is_counted then 0 else 1 end as cut
  from (
    select min(bucket_start) as oldest, max(bucket_start) as newest, count(*) < :most as is_counted from weighed
  ) as weighed
), span as (
  -- Days that were counted completely have few rows, whatever the one has that reached the limit; that one is taken
  -- only where it comes first.
  select cut = 0 or first <> last as is_light,
    greatest(
      oneshot.day_start(case when :newest_first then least(first, last + cut) else first end, :zone), :from) as start,
    least(
      oneshot.day_start(case when :newest_first then first else greatest(first, last - cut) end + 1, :zone), :until)
      as until
  from ends
), taken as (
  delete from oneshot.rollup_queue as q
  using span
  where q.source = :source and q.granularity = :granularity and q.bucket_start >= span.start
    and q.bucket_start < span.until
  returning q.bucket_start
)
select bucket_start, bucket_end, day_start, span.start as span_start, span.until as span_end, is_light
from span
cross join oneshot.buckets(array(select bucket_start from taken), array[:granularity]::text[], :zone)
order by 1
