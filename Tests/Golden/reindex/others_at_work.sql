-- reindex, others_at_work
\set instance ''''''
\set dead_since '''2025-11-08T02:00:00Z'''
\set is_rebuilding 'true'
prepare golden (unknown, unknown, boolean) as
-- Runs of other installations that write the tables of the search and go on: a rebuild, or, for a rebuild, any.
select instance || '/reindex' || case when variant = '' then '' else ':' || variant end as part, run_id
from oneshot.job_runs
where job = 'reindex' and instance <> $1 and status = 'running' and deadline_at > $2
  and ($3 or variant = 'rebuild' or variant like 'rebuild-%')
order by started_at
limit 1
;
execute golden (:instance, :dead_since, :is_rebuilding);
deallocate golden;
