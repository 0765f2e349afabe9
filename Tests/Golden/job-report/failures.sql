-- job-report, failures
\set since '''2025-08-10T02:00:00Z''::timestamptz'
\set own '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set scope '''{""}'''
\set is_excluding 'true'
\set doctor '''job-doctor'''
\set limit '''200''::bigint'
prepare golden (timestamptz, unknown, unknown, boolean, unknown, bigint) as
-- Runs that did not succeed, grouped: of one kind, with messages that differ only in numbers.
with unsuccessful as (
  select run_id, instance, job, server, variant, shard, started_at, left(coalesce(error_kind, status), 200) as kind, status, errors_total,
    left(error_message, 700) as message, length(error_message) as message_length,
    left(error_hint, 700) as hint, length(error_hint) as hint_length,
    regexp_replace(left(error_message, 200), '[0-9]+', '#', 'g') as likeness
  from oneshot.job_runs
  where started_at >= $1 and run_id <> $2 and (instance = any ($3::text[])) <> $4
    -- The doctor ends with partial when it has found something.
    and (status in ('failed', 'interrupted') or status = 'partial' and job <> $5)
), placed as (
  select *, count(*) over alike as times, min(started_at) over alike as first_at,
    row_number() over (partition by instance, job, server, variant, kind, likeness order by started_at desc, run_id desc) as place
  from unsuccessful
  window alike as (partition by instance, job, server, variant, kind, likeness)
)
select *, count(*) over () as groups_total
from placed
where place = 1
order by started_at desc, run_id desc
limit $6
;
execute golden (:since, :own, :scope, :is_excluding, :doctor, :limit);
deallocate golden;
