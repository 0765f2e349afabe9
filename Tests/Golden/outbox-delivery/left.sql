-- outbox-delivery, left
\set closed '''{"domain:example.net"}'''
\set channels '''{"email","webhook"}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz) as
-- What is due, and how much of it waits for a target that is closed.
select count(*) as due, count(*) filter (where not (case d.channel when 'email' then 'domain:' || lower(substring(coalesce(d.recipient, '') from '[^@]*$'))
  else 'webhook:' || coalesce(d.recipient, '') end) <> all ($1::text[])
) as closed,
  count(*) filter (where d.channel = 'email') as mail
from oneshot.deliveries as d
where d.state = 'queued' and d.channel = any ($2::text[]) and d.next_at <= $3::timestamptz
  and (d.not_before is null or d.not_before <= $3::timestamptz)
;
execute golden (:closed, :channels, :moment);
deallocate golden;
