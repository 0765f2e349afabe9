-- outbox-delivery, claim
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set id '''c46a902b-604b-50da-c37f-19de8002eb80'''
\set largest '''1048576''::bigint'
prepare golden (unknown, timestamptz, unknown, bigint) as
-- Takes a message, unless somebody has changed it or holds its lock. Committed before anything is sent.
with claimed as (
  update oneshot.deliveries as d
  set state = 'sending', attempts = d.attempts + 1, sending_by = $1::uuid, sending_since = $2::timestamptz
  from (
    select d.delivery_id
    from oneshot.deliveries as d
    where d.delivery_id = $3::uuid and d.state = 'queued' and (d.expires_at is null or d.expires_at > $2::timestamptz)
      and not (d.channel = 'email' and exists (
  select from oneshot.suppressions as s
  where s.address = lower(d.recipient) and s.category in ('*', d.category)
    and (s.until is null or s.until > $2::timestamptz))
)
    for no key update skip locked
  ) as free
  where d.delivery_id = free.delivery_id
  returning d.*
), noted as (
  -- An attempt that did not count has left its number.
  insert into oneshot.delivery_attempts as a (delivery_id, attempt, run_id, started_at)
  select delivery_id, attempts, $1::uuid, $2::timestamptz from claimed
  on conflict (delivery_id, attempt) do update
  set run_id = excluded.run_id, started_at = excluded.started_at, ended_at = null, outcome = null, code = null, message = null
)
select c.delivery_id, c.channel, c.category, coalesce(c.recipient, '') as recipient, c.locale, c.template,
  case when octet_length(c.data::text) <= $4::bigint then c.data::text end as data,
  coalesce(octet_length(c.data::text) > $4::bigint, false) as is_too_large,
  c.on_doubt, c.attempts, c.created_at, e.url, e.secrets[1] as secret, e.secrets[2] as older_secret,
  e.endpoint_id is not null as has_endpoint, e.disabled_at is not null as is_disabled,
  coalesce(cardinality(e.types) > 0 and c.template <> all (e.types), false) as is_unwanted
from claimed as c
left join oneshot.webhook_endpoints as e on c.channel = 'webhook' and e.endpoint_id = c.recipient
;
execute golden (:run_id, :moment, :id, :largest);
deallocate golden;
