-- stage-table, update
prepare golden as
update "tallies" as t set "kind" = s."kind", "seen" = s."seen", "day" = s."day" from pg_temp.oneshot_staged as s
where t."post_id" = s."post_id" and row(t."kind", t."seen", t."day")::record *<> row(s."kind", s."seen", s."day")::record
;
execute golden;
deallocate golden;
