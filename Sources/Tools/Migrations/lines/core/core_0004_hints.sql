-- What operators want to know of a run and of an incident beyond what went wrong: what to do next, whether somebody started
-- the run by hand, and since when the incident is no longer seen.

alter table oneshot.job_runs
  add column error_hint text,
  add column by_hand boolean not null default false;
comment on column oneshot.job_runs.error_hint is 'What to do about the error; null where nothing is known, and in rows of older binaries.';
comment on column oneshot.job_runs.by_hand is
  'Whether somebody started the run at a terminal: such runs say nothing about the schedule.';

alter table oneshot.incidents
  add column unseen_since timestamptz;
comment on table oneshot.incidents is
  'One row for each thing that job-doctor found wrong, from the run that saw it first until no run has seen it for DOCTOR_SETTLE.';
comment on column oneshot.incidents.unseen_since is
  'When a run first no longer saw it; null while it is seen. If it is seen again before it is closed, it is the same incident.';
