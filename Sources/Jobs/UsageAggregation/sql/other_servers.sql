-- Other Redis servers whose counters with this prefix were written within their life. (Rows from before this migration
-- name no server.)
select format(
    'two addresses have written the days of the prefix "%s": REDIS_URL here is %s, and %s completed a day on %s. '
      'If these are two Redis, give the schedule of each a JOB_INSTANCE; if it is one with two names, use one of them.',
    :key_prefix::text, :server::text, server, to_char(max(completed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  ) as advice
from oneshot.usage_days
where instance = :instance and key_prefix = :key_prefix and server <> :server and server <> ''
  and completed_at >= :since
group by server
order by server
limit 5
