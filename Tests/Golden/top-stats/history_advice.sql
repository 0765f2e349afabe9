-- top-stats, history_advice
\set server '''cache:6379/0'''
\set keeps_history 'true'
\set instance ''''''
\set variant '''history'''
\set since '''2025-10-09T02:00:00Z''::timestamptz'
prepare golden (unknown, boolean, unknown, unknown, timestamptz) as
-- Other Redis whose boards went into the same history of late: its rows do not say of which Redis they are.
select format(
    'two addresses have written one history of boards: REDIS_URL here is %s, and a run with %s wrote it on %s. '
      'If these are two Redis, their ranks are mixed: give the schedule of each a JOB_INSTANCE. If it is one with two names, use one of them.',
    $1::text, server, to_char(max(started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  ) as advice
from oneshot.job_runs
where $2 and job = 'top-stats' and instance = $3 and variant = $4
  and server not in ($1, '') and status in ('succeeded', 'partial') and started_at >= $5
group by server
order by server
limit 5
;
execute golden (:server, :keeps_history, :instance, :variant, :since);
deallocate golden;
