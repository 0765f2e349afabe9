-- stage-table, insert_planned
prepare golden as
select count(*) as rows
from pg_temp.oneshot_staged as s
where not exists (select from "tallies" as t where t."post_id" = s."post_id")
;
execute golden;
deallocate golden;
