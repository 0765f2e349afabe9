-- Other Redis whose boards went into the same history of late: its rows do not say of which Redis they are.
select format(
    'two addresses have written one history of boards: REDIS_URL here is %s, and a run with %s wrote it on %s. '
      'If these are two Redis, their ranks are mixed: give the schedule of each a JOB_INSTANCE. If it is one with two names, use one of them.',
    :server::text, server, to_char(max(started_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  ) as advice
from oneshot.job_runs
where :keeps_history and job = 'top-stats' and instance = :instance and variant = :variant
  and server not in (:server, '') and status in ('succeeded', 'partial') and started_at >= :since
group by server
order by server
limit 5
