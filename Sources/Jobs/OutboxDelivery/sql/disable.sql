-- An endpoint that wants no more, and its messages. One that somebody holds is cancelled when its turn comes.
with disabled as (
  update oneshot.webhook_endpoints as e
  set disabled_at = :moment::timestamptz, disabled_reason = :reason
  where e.endpoint_id = :endpoint and e.disabled_at is null
  returning e.endpoint_id
), queued as (
  select q.delivery_id
  from oneshot.deliveries as q
  join disabled on disabled.endpoint_id = q.recipient
  where q.channel = 'webhook' and q.state = 'queued'
  for no key update of q skip locked
)
update oneshot.deliveries as d
set state = 'cancelled', last_message = 'its endpoint was disabled'
from queued
where d.delivery_id = queued.delivery_id
