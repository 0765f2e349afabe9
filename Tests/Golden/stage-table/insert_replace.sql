-- stage-table, insert_replace
prepare golden as
insert into "tallies" ("post_id", "kind", "seen", "day") overriding system value
select s."post_id", s."kind", s."seen", s."day"
from pg_temp.oneshot_staged as s
where not exists (select from "tallies" as t where t."post_id" = s."post_id")
order by s."post_id"
on conflict ("post_id") do update set "kind" = excluded."kind", "seen" = excluded."seen", "day" = excluded."day"
;
execute golden;
deallocate golden;
