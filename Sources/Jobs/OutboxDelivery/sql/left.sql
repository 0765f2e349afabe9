-- What is due, how much of it waits for a domain or an endpoint that is closed, and since when the oldest of the others is due.
select count(*) as due, count(*) filter (where not is_open) as closed,
  count(*) filter (where channel = 'email') as mail, min(due_at) filter (where is_open) as oldest
from (
  select d.channel, greatest(d.next_at, d.not_before) as due_at, {target} <> all (:closed::text[]) as is_open
  from oneshot.deliveries as d
  where d.state = 'queued' and d.channel = any (:channels::text[]) and d.next_at <= :moment::timestamptz
    and (d.not_before is null or d.not_before <= :moment::timestamptz)
) as due
