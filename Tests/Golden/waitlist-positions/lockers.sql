-- waitlist-positions, lockers
prepare golden as
-- Who has locked rows of waitlist_entries, or all of it: each process and what it calls itself.
select string_agg(distinct concat_ws(' ', pid, nullif(application_name, '')), ', ') as lockers
from pg_locks
join pg_database on pg_database.oid = database and datname = current_database()
join pg_stat_activity using (pid)
where granted and relation = to_regclass('waitlist_entries') and mode <> 'AccessShareLock' and pid <> pg_backend_pid()
;
execute golden;
deallocate golden;
