-- Runs that did not succeed, grouped: of one kind, with messages that differ only in numbers.
with unsuccessful as (
  select run_id, instance, job, server, variant, shard, started_at, left(coalesce(error_kind, status), 200) as kind, status, errors_total,
    left(error_message, 700) as message, length(error_message) as message_length,
    left(error_hint, 700) as hint, length(error_hint) as hint_length,
    regexp_replace(left(error_message, 200), '[0-9]+', '#', 'g') as likeness
  from oneshot.job_runs
  where started_at >= :since and run_id <> :own and (instance = any (:scope::text[])) <> :is_excluding
    -- The doctor ends with partial when it has found something.
    and (status in ('failed', 'interrupted') or status = 'partial' and job <> :doctor)
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
limit :limit
