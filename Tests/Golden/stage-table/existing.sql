-- stage-table, existing
prepare golden as
select count(*) as rows from "tallies" as t where true
;
execute golden;
deallocate golden;
