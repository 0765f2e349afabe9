-- operations, restored_fences
prepare golden as
-- The newest fence of each job that Postgres knows.
select job, max(token) as token from oneshot.fences group by job
;
execute golden;
deallocate golden;
