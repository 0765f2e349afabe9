-- metrics-rollups, queue_parents
\set source '''metric_events'''
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set levels '''{"hourly","daily"}'''
\set zone '''Europe/Berlin'''
prepare golden (unknown, unknown, unknown, unknown) as
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select $1, granularity, bucket_start
from oneshot.buckets($2::timestamptz[], $3::text[], $4)
on conflict do nothing
;
execute golden (:source, :starts, :levels, :zone);
deallocate golden;
