-- outbox-delivery, left
\set closed '''{"domain:example.net"}'''
\set channels '''{"email","webhook"}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz) as
-- What is due, how much of it waits for a domain or an endpoint that is closed, and since when the oldest of the others is due.
select count(*) as due, count(*) filter (where not is_open) as closed,
  count(*) filter (where channel = 'email') as mail, min(due_at) filter (where is_open) as oldest
from (
  select d.channel, greatest(d.next_at, d.not_before) as due_at, (case d.channel when 'email' then 'domain:' || lower(substring(coalesce(d.recipient, '') from '[^@]*$'))
  else 'webhook:' || coalesce(d.recipient, '') end)
 <> all ($1::text[]) as is_open
  from oneshot.deliveries as d
  where d.state = 'queued' and d.channel = any ($2::text[]) and d.next_at <= $3::timestamptz
    and (d.not_before is null or d.not_before <= $3::timestamptz)
) as due
;
execute golden (:closed, :channels, :moment);
deallocate golden;
