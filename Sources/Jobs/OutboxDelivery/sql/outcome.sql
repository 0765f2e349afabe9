-- What came of an attempt. Nothing, where the message is another run's by now.
with changed as (
  update oneshot.deliveries as d
  set state = :state, next_at = coalesce(:next_at::timestamptz, d.next_at),
    sent_at = case when :state::text = 'sent' then :moment::timestamptz end,
    attempts = d.attempts - (:is_free::boolean)::integer, doubts = d.doubts + (:is_doubt::boolean)::integer,
    last_code = :code::bigint, last_message = :message, sending_by = null, sending_since = null
  where d.delivery_id = :id::uuid and d.state = 'sending' and d.sending_by = :run_id::uuid
  returning d.delivery_id
)
update oneshot.delivery_attempts as a
set ended_at = :moment::timestamptz, outcome = :outcome, code = :code::bigint, message = :message
from changed
where a.delivery_id = changed.delivery_id and a.attempt = :attempt::bigint
