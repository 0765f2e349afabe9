-- An endpoint that wants no more, and its messages.
with disabled as (
  update oneshot.webhook_endpoints as e
  set disabled_at = :moment::timestamptz, disabled_reason = :reason
  where e.endpoint_id = :endpoint and e.disabled_at is null
  returning e.endpoint_id
)
update oneshot.deliveries as d
set state = 'cancelled', last_message = 'its endpoint was disabled'
from disabled
where d.channel = 'webhook' and d.recipient = disabled.endpoint_id and d.state = 'queued'
