-- stage-table, update_planned
prepare golden as
select count(*) as rows from "tallies" as t, pg_temp.oneshot_staged as s
where t."post_id" = s."post_id" and row(t."kind", t."seen", t."day")::record *<> row(s."kind", s."seen", s."day")::record
;
execute golden;
deallocate golden;
