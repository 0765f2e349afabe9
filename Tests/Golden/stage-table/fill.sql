-- stage-table, fill
prepare golden as
insert into "tallies" ("post_id", "kind", "seen", "day") overriding system value
select s."post_id", s."kind", s."seen", s."day" from pg_temp.oneshot_staged as s
;
execute golden;
deallocate golden;
