-- stage-table, surplus_planned
prepare golden as
select count(*) as rows from "tallies" as t
where true and not exists (select from pg_temp.oneshot_staged as s where t."post_id" = s."post_id")
;
execute golden;
deallocate golden;
