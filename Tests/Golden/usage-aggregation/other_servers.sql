-- usage-aggregation, other_servers
\set key_prefix '''usage:'''
\set server '''cache:6379/0'''
\set instance ''''''
\set since '''2025-10-09T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, timestamptz) as
-- Other Redis servers whose counters with this prefix were written within their life. (Rows from before this migration
-- name no server.)
select format(
    'two addresses have written the days of the prefix "%s": REDIS_URL here is %s, and %s completed a day on %s. '
      'If these are two Redis, give the schedule of each a JOB_INSTANCE; if it is one with two names, use one of them.',
    $1::text, $2::text, server, to_char(max(completed_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
  ) as advice
from oneshot.usage_days
where instance = $3 and key_prefix = $1 and server <> $2 and server <> ''
  and completed_at >= $4
group by server
order by server
limit 5
;
execute golden (:key_prefix, :server, :instance, :since);
deallocate golden;
