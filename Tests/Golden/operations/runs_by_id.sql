-- operations, runs_by_id
\set ids '''{"01a228a9-1ce6-7a5b-af9a-758367ac1df3"}'''
prepare golden (unknown) as
select r.* from oneshot.job_runs r where r.run_id = any ($1::uuid[])
;
execute golden (:ids);
deallocate golden;
