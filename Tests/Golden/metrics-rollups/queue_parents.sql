-- metrics-rollups, queue_parents
\set source '''metric_events'''
\set zone '''Europe/Berlin'''
\set moments '''{"2025-11-07T00:00:00Z"}'''
\set levels '''{"hourly","daily"}'''
prepare golden (unknown, unknown, unknown, unknown) as
insert into oneshot.rollup_queue (source, granularity, bucket_start)
select distinct $1, level, oneshot.bucket_start(level, moment, $2)
from unnest($3::timestamptz[]) as moment
cross join unnest($4::text[]) as level
on conflict do nothing
;
execute golden (:source, :zone, :moments, :levels);
deallocate golden;
