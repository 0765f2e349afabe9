-- What a job's runs add up to, for metrics. Rows leave the ledger after JOB_LEDGER_KEEP, and a counter must
-- never go down.

create table oneshot.job_totals (
  job text not null,
  shard integer not null,
  succeeded bigint not null,
  partial bigint not null,
  failed bigint not null,
  interrupted bigint not null,
  dead_letters bigint not null,
  consecutive_failures bigint not null,
  last_succeeded_at timestamptz,
  primary key (job, shard)
);
comment on table oneshot.job_totals is
  'One row a job and shard: how its runs ended and how many failures of items they told, counted when their rows in job_runs are closed. Counters never go down.';

-- What the ledger still knows of.
insert into oneshot.job_totals (
  job, shard, succeeded, partial, failed, interrupted, dead_letters, consecutive_failures, last_succeeded_at)
select job, shard, count(*) filter (where status = 'succeeded'), count(*) filter (where status = 'partial'),
  count(*) filter (where status = 'failed'), count(*) filter (where status = 'interrupted'),
  coalesce(sum(errors_total), 0),
  count(*) filter (where fence > newest_success), max(finished_at) filter (where status = 'succeeded')
from (
  select *, coalesce(max(fence) filter (where status = 'succeeded') over (partition by job, shard), 0) as newest_success
  from oneshot.job_runs
  where status <> 'running') runs
group by job, shard;
