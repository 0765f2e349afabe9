-- Takes a message, unless somebody has changed it or holds its lock. Committed before anything is sent.
with claimed as (
  update oneshot.deliveries as d
  set state = 'sending', attempts = d.attempts + 1, sending_by = :run_id::uuid, sending_since = :moment::timestamptz
  from (
    select d.delivery_id
    from oneshot.deliveries as d
    where d.delivery_id = :id::uuid and d.state = 'queued' and (d.expires_at is null or d.expires_at > :moment::timestamptz)
      and not (d.channel = 'email' and {suppressed})
    for no key update skip locked
  ) as free
  where d.delivery_id = free.delivery_id
  returning d.*
), noted as (
  -- An attempt that did not count has left its number.
  insert into oneshot.delivery_attempts as a (delivery_id, attempt, run_id, started_at)
  select delivery_id, attempts, :run_id::uuid, :moment::timestamptz from claimed
  on conflict (delivery_id, attempt) do update
  set run_id = excluded.run_id, started_at = excluded.started_at, ended_at = null, outcome = null, code = null, message = null
)
select c.delivery_id, c.channel, c.category, coalesce(c.recipient, '') as recipient, c.locale, c.template,
  case when octet_length(c.data::text) <= :largest::bigint then c.data::text end as data,
  coalesce(octet_length(c.data::text) > :largest::bigint, false) as is_too_large,
  c.on_doubt, c.attempts, c.created_at, e.url, e.secrets[1] as secret, e.secrets[2] as older_secret,
  e.endpoint_id is not null as has_endpoint, e.disabled_at is not null as is_disabled,
  coalesce(cardinality(e.types) > 0 and c.template <> all (e.types), false) as is_unwanted
from claimed as c
left join oneshot.webhook_endpoints as e on c.channel = 'webhook' and e.endpoint_id = c.recipient
