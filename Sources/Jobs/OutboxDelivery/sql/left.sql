-- What is due, and how much of it waits for a target that is closed.
select count(*) as due, count(*) filter (where not {open}) as closed,
  count(*) filter (where d.channel = 'email') as mail
from oneshot.deliveries as d
where d.state = 'queued' and d.channel = any (:channels::text[]) and d.next_at <= :moment::timestamptz
  and (d.not_before is null or d.not_before <= :moment::timestamptz)
