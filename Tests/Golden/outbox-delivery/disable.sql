-- outbox-delivery, disable
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set reason '''connection refused'''
\set endpoint '''shop'''
prepare golden (timestamptz, unknown, unknown) as
-- An endpoint that wants no more, and its messages. One that somebody holds is cancelled when its turn comes.
with disabled as (
  update oneshot.webhook_endpoints as e
  set disabled_at = $1::timestamptz, disabled_reason = $2
  where e.endpoint_id = $3 and e.disabled_at is null
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
;
execute golden (:moment, :reason, :endpoint);
deallocate golden;
