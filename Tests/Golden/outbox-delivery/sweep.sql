-- outbox-delivery, sweep
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set mail_attempts '''8''::bigint'
\set webhook_attempts '''10''::bigint'
\set channels '''{"email","webhook"}'''
\set instance '''staging'''
prepare golden (timestamptz, bigint, bigint, unknown, unknown) as
-- What runs have left in the middle of an attempt: they are dead, for this one holds the lock. It is unknown whether such a
-- message was sent; what it says of doubt decides. (A webhook's receiver knows its id.) Another installation on the same
-- database has a lock of its own: what its runs are sending is theirs until their time is over.
with swept as (
  update oneshot.deliveries as d
  set doubts = d.doubts + 1, sending_by = null, sending_since = null, next_at = $1::timestamptz,
    state = case
      when d.channel = 'email' and d.on_doubt = 'hold' then 'held'
      when d.attempts >= (case d.channel when 'email' then $2::bigint else $3::bigint end) then 'failed'
      else 'queued' end,
    last_message = 'its run ended before the outcome was known'
  where d.state = 'sending' and d.channel = any ($4::text[])
    and not exists (
      select from oneshot.job_runs as r
      where r.run_id = d.sending_by and r.instance <> $5 and r.status = 'running' and r.deadline_at > $1::timestamptz)
  returning d.delivery_id, d.channel, d.template, d.state, d.attempts
), noted as (
  update oneshot.delivery_attempts as a
  set ended_at = $1::timestamptz, outcome = 'doubt'
  from swept
  where a.delivery_id = swept.delivery_id and a.attempt = swept.attempts and a.outcome is null
)
select delivery_id, channel, template, state from swept
;
execute golden (:moment, :mail_attempts, :webhook_attempts, :channels, :instance);
deallocate golden;
