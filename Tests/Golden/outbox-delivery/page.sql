-- outbox-delivery, page
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set channel '''email'''
\set closed '''{"domain:example.net"}'''
\set passed '''{"c46a902b-604b-50da-c37f-19de8002eb80"}'''
\set limit '''200''::bigint'
prepare golden (timestamptz, unknown, unknown, unknown, bigint) as
-- The next messages that are due and whose targets are open; what must not be sent any more is marked.
select d.delivery_id, coalesce(d.recipient, '') as recipient,
  coalesce(d.expires_at <= $1::timestamptz, false) as is_expired,
  d.channel = 'email' and exists (
  select from oneshot.suppressions as s
  where s.address = lower(d.recipient) and s.category in ('*', d.category)
    and (s.until is null or s.until > $1::timestamptz))
 as is_suppressed
from oneshot.deliveries as d
where d.state = 'queued' and d.channel = $2 and d.next_at <= $1::timestamptz
  and (d.not_before is null or d.not_before <= $1::timestamptz)
  and (case d.channel when 'email' then 'domain:' || lower(substring(coalesce(d.recipient, '') from '[^@]*$'))
  else 'webhook:' || coalesce(d.recipient, '') end)
 <> all ($3::text[])
  and d.delivery_id <> all ($4::uuid[])
order by d.priority, d.next_at
limit $5
;
execute golden (:moment, :channel, :closed, :passed, :limit);
deallocate golden;
