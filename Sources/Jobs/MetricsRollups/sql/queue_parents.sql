insert into oneshot.rollup_queue (source, granularity, bucket_start)
select distinct :source, level, oneshot.bucket_start(level, moment, :zone)
from unnest(:moments::timestamptz[]) as moment
cross join unnest(:levels::text[]) as level
on conflict do nothing
