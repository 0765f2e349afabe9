-- The memory of all runs: fences, ledger, dead letters. The schema `oneshot` itself, and its table of
-- migrations, are made by `oneshot migrate` before the first one.

create table oneshot.fences (
  job text not null,
  shard integer not null,
  token bigint not null,
  primary key (job, shard)
);
comment on table oneshot.fences is
  'The newest fencing token of each job and shard. A run whose token is older may not write.';

create table oneshot.job_runs (
  run_id uuid primary key,
  job text not null,
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
  version text not null
);
comment on table oneshot.job_runs is 'One row a run that became leader.';

-- A second success of one slot of a schedule is impossible, unless somebody forced it. The shard count
-- belongs to the slot: a schedule that is cut anew does its slot anew.
create unique index job_runs_one_success_a_slot
  on oneshot.job_runs (job, shard, shard_count, scheduled_at)
  where status = 'succeeded' and scheduled_by <> 'clock' and not forced;

create index job_runs_by_start on oneshot.job_runs (job, started_at);
create index job_runs_by_slot on oneshot.job_runs (job, shard, scheduled_at);
create index job_runs_running on oneshot.job_runs (job, shard) where status = 'running';

create table oneshot.dead_letters (
  job text not null,
  item_digest bytea not null,
  item text not null,
  payload jsonb not null,
  error_kind text not null,
  error_message text not null,
  attempts integer not null,
  first_failed_at timestamptz not null,
  last_failed_at timestamptz not null,
  last_run_id uuid not null,
  state text not null check (state in ('pending', 'resolved', 'discarded')),
  -- sha256 of the item: an item may be longer than an index takes.
  primary key (job, item_digest)
);
comment on table oneshot.dead_letters is 'Items that failed: one row a job and item.';

create index dead_letters_pending on oneshot.dead_letters (job, last_failed_at) where state = 'pending';
