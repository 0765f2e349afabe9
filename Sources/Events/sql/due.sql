-- Waiting events that are due, in their order, up to the bytes of a batch: a quarter as many after each attempt of the
-- first event, and that event alone for its last attempt. So in the end nothing else takes away the resources that it
-- needs.
select row_number() over (order by due.place) as n, due.event_id as location, due.event_id as known_id,
  due.event_id as fallback_id, due.attempts + 1 as attempt, due.event, parsed.happened_at, parsed.problem
from (
  select *, sum(octet_length(event::text)) over (order by place) as bytes, row_number() over (order by place) as rank,
    first_value(attempts) over (order by place) as tried
  from (
    select event_id, place, attempts, event
    from oneshot.event_inbox as w
    where {is_due}
    order by place
    limit :limit
    for update
  ) as page
) as due
cross join lateral oneshot.event_read(due.event::text, false) as parsed
where (due.bytes <= :most_bytes or due.bytes = octet_length(due.event::text))
  and due.rank <= case
    when due.tried + 1 >= :attempts then 1 else greatest(1, :limit::integer >> least(2 * due.tried, 30)) end
