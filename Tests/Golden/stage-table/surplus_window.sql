-- stage-table, surplus_window
\set start '''2025-11-07T02:00:00Z''::timestamptz'
\set end '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (timestamptz, timestamptz) as
delete from "tallies" as t
where t."day" >= $1::timestamptz and t."day" < $2::timestamptz and not exists (select from pg_temp.oneshot_staged as s where t."post_id" = s."post_id")
;
execute golden (:start, :end);
deallocate golden;
