-- stage-table, surplus
prepare golden as
delete from "tallies" as t
where true and not exists (select from pg_temp.oneshot_staged as s where t."post_id" = s."post_id")
;
execute golden;
deallocate golden;
