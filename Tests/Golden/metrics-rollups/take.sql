-- metrics-rollups, take
\set source '''metric_events'''
\set granularity '''hourly'''
\set from '''2025-11-07T00:00:00Z''::timestamptz'
\set until '''2025-11-08T00:00:00Z''::timestamptz'
\set most_buckets '''5000''::bigint'
\set most '''100000''::bigint'
\set newest_first 'false'
\set zone '''Europe/Berlin'''
prepare golden (unknown, unknown, timestamptz, timestamptz, bigint, bigint, boolean, unknown) as
-- Takes queued buckets out of the queue: those of one day, the oldest or the newest, and those of further days as long
-- as all of them are calculated from fewer than :most rows.
with candidates as materialized (
  select bucket_start from oneshot.rollup_queue
  where source = $1 and granularity = $2 and bucket_start >= $3 and bucket_start < $4
  order by bucket_start asc
  limit $5
), weighed as materialized (
  -- Counting ends at the limit: what is not taken is not counted.
  select candidate.bucket_start from candidates as candidate left join lateral (-- Counts the rows that an hour is calculated from, for each hour by the index.
select from metric_events
where occurred_at >= candidate.bucket_start and occurred_at < candidate.bucket_start + interval '1 hour'
offset 0
) as part on true
  limit $6
), ends as (
  -- The first day, and the last one that was counted, which is counted only in part where the limit was reached.
  select oneshot.day_of(case when $7 then newest else oldest end, $8) as first,
    oneshot.day_of(case when $7 then oldest else newest end, $8) as last,
    case when is_counted then 0 else 1 end as cut
  from (
    select min(bucket_start) as oldest, max(bucket_start) as newest, count(*) < $6 as is_counted from weighed
  ) as weighed
), span as (
  -- Days that were counted completely have few rows, whatever the one has that reached the limit; that one is taken
  -- only where it comes first.
  select cut = 0 or first <> last as is_light,
    greatest(
      oneshot.day_start(case when $7 then least(first, last + cut) else first end, $8), $3) as start,
    least(
      oneshot.day_start(case when $7 then first else greatest(first, last - cut) end + 1, $8), $4)
      as until
  from ends
), taken as (
  delete from oneshot.rollup_queue as q
  using span
  where q.source = $1 and q.granularity = $2 and q.bucket_start >= span.start
    and q.bucket_start < span.until
  returning q.bucket_start
)
select bucket_start, bucket_end, day_start, span.start as span_start, span.until as span_end, is_light
from span
cross join oneshot.buckets(array(select bucket_start from taken), array[$2]::text[], $8)
order by 1
;
execute golden (:source, :granularity, :from, :until, :most_buckets, :most, :newest_first, :zone);
deallocate golden;
