-- The role of compose.yaml's jobs: in a toy, one for all of them. docs/jobs has what each needs and no more.
create role jobs login password 'jobs';
grant connect, temporary on database app to jobs;
grant usage on schema oneshot to jobs;
grant select, insert, update, delete on all tables in schema oneshot, public to jobs;
grant usage on all sequences in schema oneshot, public to jobs;
grant execute on all functions in schema oneshot, public to jobs;
