-- outbox-delivery, disable
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set reason '''connection refused'''
\set endpoint '''shop'''
prepare golden (timestamptz, unknown, unknown) as
-- An endpoint that wants no more, and its messages.
with disabled as (
  update oneshot.webhook_endpoints as e
  set disabled_at = $1::timestamptz, disabled_reason = $2
  where e.endpoint_id = $3 and e.disabled_at is null
  returning e.endpoint_id
)
update oneshot.deliveries as d
set state = 'cancelled', last_message = 'its endpoint was disabled'
from disabled
where d.channel = 'webhook' and d.recipient = disabled.endpoint_id and d.state = 'queued'
;
execute golden (:moment, :reason, :endpoint);
deallocate golden;
