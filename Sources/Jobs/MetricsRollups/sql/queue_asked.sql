-- Queues buckets of dead letters again; only what can still be calculated from all of its parts, as touched.sql does, and in
-- the calendar in which the source's rollups stand.
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select source, asked.granularity, bucket.start
from unnest(:sources::text[], :levels::text[], :moments::timestamptz[]) as asked (source, granularity, moment)
join oneshot.rollup_positions as p using (source)
cross join lateral oneshot.bucket_start(asked.granularity, asked.moment, :zone) as bucket (start)
where lower(p.timezone) = lower(:zone) and bucket.start >= :first_bucket and bucket.start < :last_bucket and bucket.start >= case asked.granularity
  when 'hourly' then coalesce(p.raw_from, '-infinity')
  when 'daily' then coalesce(p.hourly_from, '-infinity')
  when 'weekly' then greatest(p.daily_from, p.weekly_from, '-infinity')
  else greatest(p.daily_from, p.monthly_from, '-infinity') end
on conflict do nothing
