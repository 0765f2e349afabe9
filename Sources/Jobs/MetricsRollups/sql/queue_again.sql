insert into oneshot.rollup_queue (source, granularity, bucket_start)
select :source, :granularity, unnest(:buckets::timestamptz[])
on conflict do nothing
