-- metrics-rollups, queue_requested
\set sources '''{"metric_events"}'''
\set levels '''{"hourly","daily"}'''
\set moments '''{"2025-11-07T00:00:00Z"}'''
\set zone '''Europe/Berlin'''
\set first_bucket '''2025-11-07T00:00:00Z''::timestamptz'
\set last_bucket '''2025-11-08T00:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, timestamptz, timestamptz) as
-- Queues buckets of dead letters again; only what can still be calculated from all of its parts, as touched.sql does,
-- and in the calendar of the source's rollups.
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select source, requested.granularity, bucket.start
from unnest($1::text[], $2::text[], $3::timestamptz[]) as requested (source, granularity, moment)
join oneshot.rollup_positions as p using (source)
cross join lateral oneshot.bucket_start(requested.granularity, requested.moment, $4) as bucket (start)
where lower(p.timezone) = lower($4) and bucket.start >= $5 and bucket.start < $6 and bucket.start >= case requested.granularity
  when 'hourly' then coalesce(p.raw_from, '-infinity')
  when 'daily' then coalesce(p.hourly_from, '-infinity')
  when 'weekly' then greatest(p.daily_from, p.weekly_from, '-infinity')
  else greatest(p.daily_from, p.monthly_from, '-infinity') end
on conflict do nothing
;
execute golden (:sources, :levels, :moments, :zone, :first_bucket, :last_bucket);
deallocate golden;
