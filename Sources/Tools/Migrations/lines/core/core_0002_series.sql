-- What a run counts towards, beside what it did. Totals know it already; with it in the ledger, health judges what somebody
-- wanted once with the rest of its work.
alter table oneshot.job_runs
  add column series text;
comment on column oneshot.job_runs.series is
  'The variant without what somebody wants once (days, ids, a range): whose totals and health the run counts towards. Null in rows of older binaries: there it is the variant.';

-- What these tables have one row for, as their keys say.
comment on table oneshot.fences is
  'The newest fencing token of each installation (instance), job, Redis (server) and shard. A run whose token is older may not write.';
comment on table oneshot.job_totals is
  'What the runs of an installation, job, Redis, variant and shard add up to, for metrics: how they ended and how many failures of items they reported, counted when their rows in job_runs are closed. Rows leave the ledger after JOB_LEDGER_KEEP; counters here never go down.';
comment on table oneshot.dead_letters is
  'Items that failed: one row for each installation, job, Redis and item.';
