-- What runs have left in the middle of an attempt: they are dead, for this one holds the lock. It is unknown whether such a
-- message was sent; what it says of doubt decides. (A webhook's receiver knows its id.) Another installation on the same
-- database has a lock of its own: what its runs are sending is theirs until their time is over.
with swept as (
  update oneshot.deliveries as d
  set doubts = d.doubts + 1, sending_by = null, sending_since = null, next_at = :moment::timestamptz,
    state = case
      when d.channel = 'email' and d.on_doubt = 'hold' then 'held'
      when d.attempts >= (case d.channel when 'email' then :mail_attempts::bigint else :webhook_attempts::bigint end) then 'failed'
      else 'queued' end,
    last_message = 'its run ended before the outcome was known'
  where d.state = 'sending' and d.channel = any (:channels::text[])
    and not exists (
      select from oneshot.job_runs as r
      where r.run_id = d.sending_by and r.instance <> :instance and r.status = 'running' and r.deadline_at > :moment::timestamptz)
  returning d.delivery_id, d.channel, d.template, d.state, d.attempts
), noted as (
  update oneshot.delivery_attempts as a
  set ended_at = :moment::timestamptz, outcome = 'doubt'
  from swept
  where a.delivery_id = swept.delivery_id and a.attempt = swept.attempts and a.outcome is null
)
select delivery_id, channel, template, state from swept
