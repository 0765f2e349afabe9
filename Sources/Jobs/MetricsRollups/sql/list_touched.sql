-- The parts to compare: whole days of the lowest level, and each bucket of the others.
select distinct granularity, oneshot.bucket_start(unit, bucket_start, :zone) as bucket_start,
  oneshot.bucket_end(unit, bucket_start, :zone) as bucket_end
from (select *, case granularity when 'hourly' then 'daily' else granularity end as unit from open) as open
order by 1, 2
