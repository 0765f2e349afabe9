-- metrics-rollups, keep_emptied
\set starts '''{"2025-11-07T00:00:00Z","2025-11-07T23:00:00Z"}'''
\set ends '''{"2025-11-07T01:00:00Z","2025-11-08T00:00:00Z"}'''
prepare golden (unknown, unknown) as
delete from oneshot_rollup_changes as c
using unnest($1::timestamptz[], $2::timestamptz[]) as day (opens, closes)
where c.bucket_start >= opens and c.bucket_start < closes
;
execute golden (:starts, :ends);
deallocate golden;
