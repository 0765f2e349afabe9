-- job-doctor: what is wrong, and who was told. And what finds the newest runs of each part quickly.

create index job_runs_by_part on oneshot.job_runs (job, variant, shard, started_at);

create table oneshot.incidents (
  incident_id uuid primary key default gen_random_uuid(),
  job text not null,
  variant text not null,
  shard integer not null,
  kind text not null,
  since timestamptz not null,
  message text not null,
  opened_at timestamptz not null,
  opened_by uuid not null,
  closed_at timestamptz,
  opening_told text[] not null default '{}',
  ending_told text[] not null default '{}'
);
comment on table oneshot.incidents is
  'One row for each thing that job-doctor found wrong, from the run that saw it first to the one that no longer saw it.';
comment on column oneshot.incidents.opening_told is 'The receivers that took the message that it began.';
comment on column oneshot.incidents.ending_told is 'The receivers that took the message that it is over.';

create unique index incidents_open on oneshot.incidents (job, variant, shard, kind) where closed_at is null;
create index incidents_closed on oneshot.incidents (closed_at) where closed_at is not null;
