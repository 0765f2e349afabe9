-- How many different rows come more or less often than in the table. As texts: not every type can be grouped.
select count(*) as rows
from (select row({of_table})::text as line, count(*) as times from {table} as t where {scope} group by 1) as old
full join (select row({staged})::text as line, count(*) as times from pg_temp.oneshot_staged as s group by 1) as new
  on old.line = new.line and old.times = new.times
where old.line is null or new.line is null
