-- Runs that did nothing, because what their job is about is not there and never was (result: skipped, not_installed).
alter table oneshot.job_runs
  drop constraint job_runs_status_check,
  add constraint job_runs_status_check
    check (status in ('running', 'succeeded', 'partial', 'failed', 'interrupted', 'skipped'));
