-- outbox-delivery, outcome
\set state '''expired'''
\set next_at '''2025-11-08T02:00:00Z''::timestamptz'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set is_free 'false'
\set is_doubt 'false'
\set code '''250''::bigint'
\set message '''queued'''
\set id '''c46a902b-604b-50da-c37f-19de8002eb80'''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set outcome '''sent'''
\set attempt '''1''::bigint'
prepare golden (unknown, timestamptz, timestamptz, boolean, boolean, bigint, unknown, unknown, unknown, unknown, bigint) as
-- What came of an attempt. Nothing, where the message is another run's by now.
with changed as (
  update oneshot.deliveries as d
  set state = $1, next_at = coalesce($2::timestamptz, d.next_at),
    sent_at = case when $1::text = 'sent' then $3::timestamptz end,
    attempts = d.attempts - ($4::boolean)::integer, doubts = d.doubts + ($5::boolean)::integer,
    last_code = $6::bigint, last_message = $7, sending_by = null, sending_since = null
  where d.delivery_id = $8::uuid and d.state = 'sending' and d.sending_by = $9::uuid
  returning d.delivery_id
)
update oneshot.delivery_attempts as a
set ended_at = $3::timestamptz, outcome = $10, code = $6::bigint, message = $7
from changed
where a.delivery_id = changed.delivery_id and a.attempt = $11::bigint
;
execute golden (:state, :next_at, :moment, :is_free, :is_doubt, :code, :message, :id, :run_id, :outcome, :attempt);
deallocate golden;
