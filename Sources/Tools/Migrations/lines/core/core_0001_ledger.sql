-- The memory of all runs: fences, ledger, totals, dead letters, incidents. The schema `oneshot` itself, and its table of
-- migrations, are made by `oneshot migrate` before the first step.
--
-- What a run works on is part of its identity, in every table here: `instance` is JOB_INSTANCE, `server` the Redis that
-- the data are in (only for jobs whose data are in Redis), `variant` the part of the job's work.

create table oneshot.fences (
  instance text not null default '',
  job text not null,
  server text not null default '',
  shard integer not null,
  token bigint not null,
  primary key (instance, job, server, shard)
);
comment on table oneshot.fences is
  'The newest fencing token of each job and shard. A run whose token is older may not write.';

create table oneshot.job_runs (
  run_id uuid primary key,
  instance text not null default '',
  job text not null,
  server text not null default '',
  variant text not null default '',
  shard integer not null,
  shard_count integer not null,
  scheduled_at timestamptz not null,
  scheduled_by text not null check (scheduled_by in ('setting', 'kubernetes', 'clock')),
  forced boolean not null,
  window_start timestamptz,
  window_end timestamptz,
  status text not null check (status in ('running', 'succeeded', 'partial', 'failed', 'interrupted')),
  attempt integer not null,
  fence bigint not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  duration_ms bigint,
  counts jsonb,
  details jsonb,
  errors_total integer,
  error_kind text,
  error_message text,
  host text not null,
  version text not null,
  deadline_at timestamptz,
  items_processed bigint,
  behind bigint
);
comment on table oneshot.job_runs is 'One row a run that became leader.';
comment on column oneshot.job_runs.deadline_at is
  'When the run ends itself at the latest: what is still running some seconds later is stuck or dead.';
comment on column oneshot.job_runs.items_processed is 'How many items the run looked at.';
comment on column oneshot.job_runs.behind is 'How much the run knew of and left to later runs; 0 when it has caught up.';

-- A second success of one slot of a schedule is impossible, unless somebody forced it. The shard count
-- belongs to the slot: a schedule that is split differently does its slot again.
create unique index job_runs_one_success_a_slot
  on oneshot.job_runs (instance, job, server, variant, shard, shard_count, scheduled_at)
  where status = 'succeeded' and scheduled_by <> 'clock' and not forced;

create index job_runs_by_start on oneshot.job_runs (job, started_at);
create index job_runs_by_slot on oneshot.job_runs (job, shard, scheduled_at);
create index job_runs_running on oneshot.job_runs (job, shard) where status = 'running';
-- The newest runs of all jobs, and those of each part.
create index job_runs_by_time on oneshot.job_runs (started_at);
create index job_runs_by_part on oneshot.job_runs (job, variant, shard, instance, server, started_at);

create table oneshot.job_totals (
  instance text not null default '',
  job text not null,
  server text not null default '',
  variant text not null default '',
  shard integer not null,
  succeeded bigint not null,
  partial bigint not null,
  failed bigint not null,
  interrupted bigint not null,
  dead_letters bigint not null,
  consecutive_failures bigint not null,
  last_succeeded_at timestamptz,
  primary key (instance, job, server, variant, shard)
);
comment on table oneshot.job_totals is
  'What the runs of a job, variant and shard add up to, for metrics: how they ended and how many failures of items they reported, counted when their rows in job_runs are closed. Rows leave the ledger after JOB_LEDGER_KEEP; counters here never go down.';

create table oneshot.dead_letters (
  instance text not null default '',
  job text not null,
  server text not null default '',
  item_digest bytea not null,
  item text not null,
  payload jsonb not null,
  -- Of the run that wrote it last.
  variant text not null default '',
  error_kind text not null,
  error_message text not null,
  attempts integer not null,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz not null,
  last_run_id uuid not null,
  state text not null check (state in ('pending', 'resolved', 'discarded')),
  -- What a job's run cannot read would end it: an operator's role may write this column.
  replay_asked_at timestamptz
    check (replay_asked_at >= timestamptz '2000-01-01 00:00:00+00' and replay_asked_at < timestamptz '3000-01-01 00:00:00+00'),
  replay_asked_by text,
  replay_run_id uuid,
  -- sha256 of the item: an item may be longer than an index takes.
  primary key (instance, job, server, item_digest)
);
comment on table oneshot.dead_letters is 'Items that failed: one row a job and item.';
comment on column oneshot.dead_letters.replay_asked_at is
  'Since when the job''s next run is asked to do the item again; null when nobody asks. Counts only while it is pending.';
comment on column oneshot.dead_letters.replay_run_id is
  'The run that was given it since: if that one was killed or failed, the next one is given it, too.';

create index dead_letters_pending on oneshot.dead_letters (job, last_failed_at) where state = 'pending';
-- What a run takes: first what no run was given yet, then what was longest ago (ids of runs sort by time).
create index dead_letters_asked
  on oneshot.dead_letters (
    job, instance, server, coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
  where replay_asked_at is not null;

create table oneshot.dead_letter_actions (
  id bigint generated always as identity primary key,
  -- These two are never given, only taken from their defaults: a role needs no right to write them.
  acted_at timestamptz not null default now(),
  role text not null default session_user,
  acted_by text not null check (acted_by <> ''),
  action text not null check (action in ('replay', 'discard')),
  instance text not null default '',
  job text not null,
  server text not null default '',
  item_digest bytea not null,
  item text not null,
  error_kind text not null,
  error_message text not null,
  attempts integer not null,
  last_failed_at timestamptz not null
);
comment on table oneshot.dead_letter_actions is
  'Who asked for a replay of a dead letter or discarded it, when, and what the letter said then.';
comment on column oneshot.dead_letter_actions.acted_by is 'As the person said; role is what the database knows.';

create index dead_letter_actions_by_item on oneshot.dead_letter_actions (job, item_digest, id);

create table oneshot.letter_kinds (
  job text not null,
  kind text not null,
  cause text not null,
  remedy text not null,
  last_declared_at timestamptz not null default now(),
  primary key (job, kind)
);
comment on table oneshot.letter_kinds is
  'What each kind of a job''s dead letters means and what to do about it, written by the job''s runs.';

create table oneshot.incidents (
  incident_id uuid primary key default gen_random_uuid(),
  instance text not null default '',
  job text not null,
  server text not null default '',
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

create unique index incidents_open
  on oneshot.incidents (instance, job, server, variant, shard, kind) where closed_at is null;
create index incidents_closed on oneshot.incidents (closed_at) where closed_at is not null;
