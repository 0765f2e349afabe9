insert into oneshot.rollup_queue (source, granularity, bucket_start)
select :source, granularity, bucket_start
from oneshot.buckets(:starts::timestamptz[], :levels::text[], :zone)
on conflict do nothing
