-- stage-table, outside
\set start '''2025-11-07T02:00:00Z''::timestamptz'
\set end '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
select count(*) as rows from pg_temp.oneshot_staged as t where (t."day" >= $1::timestamptz and t."day" < $2::timestamptz) is not true
;
execute golden (:start, :end);
deallocate golden;
