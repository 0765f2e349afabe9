-- Queues buckets of dead letters again; only what can still be calculated from all of its parts, as touched.sql does,
-- and in the calendar of the source's rollups.
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select source, requested.granularity, bucket.start
from unnest(:sources::text[], :levels::text[], :moments::timestamptz[]) as requested (source, granularity, moment)
join oneshot.rollup_positions as p using (source)
cross join lateral oneshot.bucket_start(requested.granularity, requested.moment, :zone) as bucket (start)
where lower(p.timezone) = lower(:zone) and bucket.start >= :first_bucket and bucket.start < :last_bucket and bucket.start >= case requested.granularity
  when 'hourly' then coalesce(p.raw_from, '-infinity')
  when 'daily' then coalesce(p.hourly_from, '-infinity')
  when 'weekly' then greatest(p.daily_from, p.weekly_from, '-infinity')
  else greatest(p.daily_from, p.monthly_from, '-infinity') end
on conflict do nothing
