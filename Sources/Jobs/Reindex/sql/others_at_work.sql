-- Runs of other installations that write the tables of the search and go on: a rebuild, or, for a rebuild, any.
select instance || '/reindex' || case when variant = '' then '' else ':' || variant end as part, run_id
from oneshot.job_runs
where job = 'reindex' and instance <> :instance and status = 'running' and deadline_at > :dead_since
  and (:is_rebuilding or variant = 'rebuild' or variant like 'rebuild-%')
order by started_at
limit 1
