-- What tells a run that is stuck, idle or behind from one that is well.

alter table oneshot.job_runs
  add column deadline_at timestamptz,
  add column items_processed bigint,
  add column behind bigint;
comment on column oneshot.job_runs.deadline_at is
  'When the run ends itself at the latest: what is still running some seconds later is stuck or dead.';
comment on column oneshot.job_runs.items_processed is 'How many items the run looked at.';
comment on column oneshot.job_runs.behind is 'How much the run knew of and left to later runs; 0 when it has caught up.';

-- The newest runs of all jobs.
create index job_runs_by_time on oneshot.job_runs (started_at);
