-- metrics-rollups, queue_again
\set source '''metric_events'''
\set granularity '''hourly'''
\set buckets '''{"2025-11-07T00:00:00Z"}'''
prepare golden (unknown, unknown, unknown) as
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select $1, $2, unnest($3::timestamptz[])
on conflict do nothing
;
execute golden (:source, :granularity, :buckets);
deallocate golden;
