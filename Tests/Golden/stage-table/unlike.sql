-- stage-table, unlike
prepare golden as
-- How many different rows come more or less often than in the table. As texts: not every type can be grouped.
select count(*) as rows
from (select row(t."post_id", t."kind", t."seen", t."day")::text as line, count(*) as times from "tallies" as t where true group by 1) as old
full join (select row(s."post_id", s."kind", s."seen", s."day")::text as line, count(*) as times from pg_temp.oneshot_staged as s group by 1) as new
  on old.line = new.line and old.times = new.times
where old.line is null or new.line is null
;
execute golden;
deallocate golden;
