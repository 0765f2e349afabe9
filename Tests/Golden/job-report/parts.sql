-- job-report, parts
\set since '''2025-08-10T02:00:00Z''::timestamptz'
\set doctor '''job-doctor'''
\set own '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set scope '''{""}'''
\set is_excluding 'true'
\set now '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''200''::bigint'
prepare golden (timestamptz, unknown, unknown, unknown, boolean, timestamptz, bigint) as
-- The parts of each job with separate runs, and how they went; first those that did not end well the last time.
with tally as (
  select instance, job, server, variant, shard,
    max(started_at) as newest_at,
    max(started_at) filter (where status <> 'running') as ended_at,
    max(started_at) filter (where status = 'succeeded') as succeeded_at,
    max(started_at) filter (where status <> 'running' and not is_bad) as well_at,
    count(*) filter (where started_at >= $1) as runs,
    count(*) filter (where started_at >= $1 and status = 'succeeded') as succeeded,
    count(*) filter (where started_at >= $1 and is_bad) as unsuccessful,
    percentile_disc(0.5) within group (order by duration_ms) filter (where started_at >= $1) as median_ms,
    percentile_disc(0.95) within group (order by duration_ms) filter (where started_at >= $1) as high_ms,
    max(duration_ms) filter (where started_at >= $1) as longest_ms,
    sum(items_processed) filter (where started_at >= $1) as items
  from oneshot.job_runs
  -- The doctor ends with partial when it has found something.
  cross join lateral (
    select status in ('failed', 'interrupted') or status = 'partial' and job <> $2 as is_bad) as judged
  where run_id <> $3 and (instance = any ($4::text[])) <> $5
  group by instance, job, server, variant, shard
)
select tally.instance, tally.job, tally.server, tally.variant, tally.shard, newest_at, ended_at, succeeded_at, runs, succeeded, unsuccessful, median_ms, high_ms,
  longest_ms, items::double precision, newest.run_id as newest_id, newest.status as newest_status, newest.deadline_at,
  newest.deadline_at + interval '15 seconds' < $6 as is_overdue,
  ended.status as ended_status, ended.error_kind, ended.duration_ms, ended.items_processed, ended.behind, ended.oldest_ms,
  row_count.in_a_row, count(*) over () as parts_total, count(*) filter (where ended.is_bad) over () as unwell_total,
  -- Of all parts, including those that are not shown.
  sum(runs) over ()::bigint as runs_total, sum(succeeded) over ()::bigint as succeeded_total,
  sum(unsuccessful) over ()::bigint as unsuccessful_total,
  count(*) filter (where newest.status = 'running') over () as running_total
from tally
cross join lateral (
  select run_id, status, case when status = 'running' then r.deadline_at end as deadline_at
  from oneshot.job_runs r
  where (r.instance, r.job, r.server, r.variant, r.shard)
      = (tally.instance, tally.job, tally.server, tally.variant, tally.shard) and r.started_at = tally.newest_at
    and r.run_id <> $3
  order by run_id desc limit 1) as newest
left join lateral (
  select status, left(error_kind, 200) as error_kind, duration_ms, items_processed, behind,
    case when jsonb_typeof(details -> 'oldest_seconds') = 'number'
      then (least((details ->> 'oldest_seconds')::numeric, 1e9) * 1000)::bigint end as oldest_ms,
    status in ('failed', 'interrupted') or status = 'partial' and tally.job <> $2 as is_bad
  from oneshot.job_runs r
  where (r.instance, r.job, r.server, r.variant, r.shard)
      = (tally.instance, tally.job, tally.server, tally.variant, tally.shard) and r.started_at = tally.ended_at
    and r.status <> 'running' and r.run_id <> $3
  order by run_id desc limit 1) as ended on true
-- How many runs did not succeed since the last one that did.
cross join lateral (
  select count(*) as in_a_row
  from oneshot.job_runs r
  where (r.instance, r.job, r.server, r.variant, r.shard)
      = (tally.instance, tally.job, tally.server, tally.variant, tally.shard)
    and r.started_at > coalesce(tally.well_at, '-infinity') and r.status <> 'running') as row_count
order by coalesce(ended.is_bad, false) desc, newest.deadline_at < $6 desc nulls last,
  newest_at desc, instance, job, variant, shard, server
limit $7
;
execute golden (:since, :doctor, :own, :scope, :is_excluding, :now, :limit);
deallocate golden;
