-- fraud-detection, holders
prepare golden as
-- Who keeps others from checking: each process that has fraud_lock, and what it calls itself.
select string_agg(distinct concat_ws(' ', pid, nullif(application_name, '')), ', ') as holders
from pg_locks
join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and objsubid = 1 and (classid::bigint << 32 | objid::bigint) = hashtextextended('oneshot.fraud', 0)
  and database = (select oid from pg_database where datname = current_database())
;
execute golden;
deallocate golden;
