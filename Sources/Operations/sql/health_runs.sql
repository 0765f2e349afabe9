-- The newest runs of each part that has run lately, that may be missed, that is expected, or that is recorded as
-- running. For each part: its newest runs and its newest successes; the newest of the runs that started in the future,
-- because one host's clock must not hide all others; and when its first run started. Error messages are read only for
-- the newest run that has ended: a thousand parts have many messages. Parts are found by one step through the index
-- each, whatever the number of runs. A one-off run (its variant is longer than its series) is listed under the name of
-- its series, and counts as expected only while it is new.
with recursive parts as (
  (select job, variant, shard, instance, server from oneshot.job_runs
   order by job, variant, shard, instance, server limit 1)
  union all
  select next.*
  from parts
  cross join lateral (
    select r.job, r.variant, r.shard, r.instance, r.server from oneshot.job_runs r
    where (r.job, r.variant, r.shard, r.instance, r.server)
      > (parts.job, parts.variant, parts.shard, parts.instance, parts.server)
    order by r.job, r.variant, r.shard, r.instance, r.server limit 1
  ) next
), judged as (
  select parts.*, ended.run_id as ended, first.started_at as first_started_at, last.series
  from parts
  cross join lateral (
    select started_at from oneshot.job_runs r
    where (r.job, r.variant, r.shard, r.instance, r.server)
      = (parts.job, parts.variant, parts.shard, parts.instance, parts.server)
    order by r.started_at limit 1
  ) first
  cross join lateral (
    select started_at, status, left(coalesce(series, variant), 4096) as series from oneshot.job_runs r
    where (r.job, r.variant, r.shard, r.instance, r.server)
      = (parts.job, parts.variant, parts.shard, parts.instance, parts.server)
    order by r.started_at desc limit 1
  ) last
  left join lateral (
    select run_id from oneshot.job_runs r
    where (r.job, r.variant, r.shard, r.instance, r.server)
      = (parts.job, parts.variant, parts.shard, parts.instance, parts.server) and r.status <> 'running'
      and r.started_at <= :until
    order by r.started_at desc limit 1
  ) ended on true
  where last.started_at >= :since or last.status = 'running'
    or (last.started_at >= :remembered or parts.job = any (:expected::text[])) and last.series = parts.variant
)
select r.run_id, r.instance, r.job, r.server, judged.series as variant, judged.series <> r.variant as is_once,
  judged.first_started_at, r.shard, r.shard_count, r.scheduled_at, r.scheduled_by,
  r.forced, r.by_hand, r.status, r.attempt, r.fence, r.started_at, r.finished_at, r.deadline_at, r.items_processed, r.behind,
  case when r.run_id = judged.ended and jsonb_typeof(r.details -> 'oldest_seconds') = 'number'
    then least((r.details ->> 'oldest_seconds')::numeric, 1e9)::double precision end as oldest_seconds,
  case when jsonb_typeof(r.counts -> 'closed_relays') = 'number'
    then least((r.counts ->> 'closed_relays')::numeric, 1e9)::bigint end as closed_relays,
  r.errors_total, left(r.error_kind, 200) as error_kind,
  case when r.run_id = judged.ended then left(r.error_message, 500) end as error_message,
  case when r.run_id = judged.ended then left(r.error_hint, 500) end as error_hint, left(r.host, 500) as host, left(r.version, 100) as version, r.duration_ms
from judged
cross join lateral (
  (select run_id from oneshot.job_runs n
   where (n.job, n.variant, n.shard, n.instance, n.server)
     = (judged.job, judged.variant, judged.shard, judged.instance, judged.server) and n.started_at <= :until
   order by n.started_at desc limit :newest)
  union
  (select run_id from oneshot.job_runs n
   where (n.job, n.variant, n.shard, n.instance, n.server)
     = (judged.job, judged.variant, judged.shard, judged.instance, judged.server) and n.status = 'succeeded'
     and n.started_at <= :until
   order by n.started_at desc limit :successes)
  union
  (select run_id from oneshot.job_runs n
   where (n.job, n.variant, n.shard, n.instance, n.server)
     = (judged.job, judged.variant, judged.shard, judged.instance, judged.server) and n.started_at > :until
   order by n.started_at desc limit 1)
) chosen
join oneshot.job_runs r using (run_id)
order by r.started_at desc, r.run_id desc
