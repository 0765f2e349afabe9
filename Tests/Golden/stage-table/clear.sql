-- stage-table, clear
prepare golden as
delete from "tallies" as t where true
;
execute golden;
deallocate golden;
