-- The three statements of a run that finds nothing to do, as the runtime and usage-aggregation send them,
-- under another job's name. Kept by hand: they need to cost the same, not to read the same.
with schema as (
  select bool_and(found >= needed.number) as is_enough, string_agg(needed.line || ' ' || found, ',') as found
  from unnest('{core,usage}'::text[], '{1,1}'::integer[]) as needed (line, number)
  cross join lateral (
    select coalesce(max(number), 0) as found from oneshot.migrations where line = needed.line) as applied
), done as (
  select run_id from oneshot.job_runs
  where false and job = 'bench' and shard = 0 and shard_count = 1 and scheduled_at = now() and status = 'succeeded'
  limit 1
), fence as (
  insert into oneshot.fences as f (job, shard, token)
  select 'bench', 0, 1 from schema where is_enough and not exists (select from done)
  on conflict (instance, job, server, shard) do update set token = f.token + 1
  returning token
), left_open as (
  update oneshot.job_runs r
  set status = 'failed', error_kind = 'abandoned', finished_at = now(),
    error_message = 'the process ended without closing its run; a later run found it'
  from fence
  where r.job = 'bench' and r.shard = 0 and r.status = 'running' and r.fence < fence.token
  returning r.job, r.shard
), counted as (
  insert into oneshot.job_totals as t (
    job, shard, succeeded, partial, failed, interrupted, dead_letters, consecutive_failures)
  select job, shard, 0, 0, count(*), 0, 0, count(*) from left_open group by job, shard
  on conflict (instance, job, server, variant, shard) do update set failed = t.failed + excluded.failed,
    consecutive_failures = t.consecutive_failures + excluded.consecutive_failures
), earlier as (
  select count(*) as starts from oneshot.job_runs
  where false and job = 'bench' and shard = 0 and shard_count = 1 and scheduled_at = now()
), opened as (
  insert into oneshot.job_runs (
    run_id, job, shard, shard_count, scheduled_at, scheduled_by, forced, status, attempt, fence,
    started_at, host, version)
  select ':run_id', 'bench', 0, 1, now(), 'clock', false, 'running', earlier.starts + 1, fence.token, now(),
    'bench', '0'
  from fence, earlier
  returning fence, attempt
)
select is_enough, found, (select run_id from done) as done, opened.fence, opened.attempt
from schema left join opened on true;

with clock as (
  select (now() at time zone 'UTC')::date as today
), wanted as (
  select unnest('{}'::date[]) as day
  union
  select today + unnest('{}'::int[]) from clock
  union
  select candidate::date
  from clock, generate_series(today - 7, today - 1, interval '1 day') as candidate
  where not exists (
    select from oneshot.usage_days d
    where d.instance = '' and d.server = 'bench' and d.key_prefix = 'usage:' and d.usage_date = candidate::date
      and d.shard_count = 1 and d.shard = 0)
  union
  select today from clock where false
)
select day, day::timestamp at time zone 'UTC' as starts_at, (day + 1)::timestamp at time zone 'UTC' as ends_at,
  (day + 1)::timestamp at time zone 'UTC' + make_interval(secs => 3600) <= now() as is_settled
from wanted
order by day;

with fence as (
  select true as is_ours from oneshot.fences where job = 'bench' and shard = 0 for share
), closed as (
  update oneshot.job_runs
  set status = 'succeeded', finished_at = now(), duration_ms = 1,
    counts = '{"days": 0, "failed": 0, "matched": 0, "scanned": 0, "updated": 0, "inserted": 0}',
    details = '{"by_day": []}', errors_total = 0
  where run_id = ':run_id' and status = 'running' and (select is_ours from fence)
  returning job, shard, finished_at, errors_total
), counted as (
  insert into oneshot.job_totals as t (
    job, shard, succeeded, partial, failed, interrupted, dead_letters, consecutive_failures, last_succeeded_at)
  select job, shard, 1, 0, 0, 0, errors_total, 0, finished_at from closed
  on conflict (instance, job, server, variant, shard) do update set succeeded = t.succeeded + 1,
    dead_letters = t.dead_letters + excluded.dead_letters, consecutive_failures = 0,
    last_succeeded_at = excluded.last_succeeded_at
), removed as (
  delete from oneshot.job_runs where run_id in (
    select run_id from oneshot.job_runs
    where job = 'bench' and started_at < now() - interval '90 days' and status <> 'running'
    order by started_at limit 500)
)
select is_ours from fence;
