-- job-report, deliveries
\set now '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''200''::bigint'
prepare golden (timestamptz, bigint) as
-- What waits to leave the house, by channel and target, and which targets are left alone: those first, then where most waits.
with open as (
  -- One scan of an index each.
  select channel, recipient, state, next_at, not_before from oneshot.deliveries where state = 'queued'
  union all
  select channel, recipient, state, next_at, not_before from oneshot.deliveries where state = 'sending'
  union all
  select channel, recipient, state, next_at, not_before from oneshot.deliveries where state = 'held'
), placed as (
  select case channel when 'email' then 'domain:' || lower(substring(coalesce(recipient, '') from '[^@]*$'))
      else 'webhook:' || coalesce(recipient, '') end as target,
    state, greatest(next_at, not_before) as due_at
  from open
), grouped as (
  select target, count(*) filter (where state = 'queued' and due_at <= $1) as due,
    count(*) filter (where state = 'queued' and due_at > $1) as later,
    count(*) filter (where state = 'sending') as sending, count(*) filter (where state = 'held') as held,
    min(due_at) filter (where state = 'queued' and due_at <= $1) as oldest
  from placed group by target
), closed as (
  select target, closed_until, reason from oneshot.delivery_targets where closed_until > $1
)
select left(target, 300) as target, coalesce(due, 0) as due, coalesce(later, 0) as later, coalesce(sending, 0) as sending,
  coalesce(held, 0) as held, oldest, closed_until, left(reason, 500) as reason, length(reason) as reason_length,
  count(*) over () as targets_total, coalesce(sum(due) over (), 0)::bigint as due_total,
  coalesce(sum(later) over (), 0)::bigint as later_total, coalesce(sum(held) over (), 0)::bigint as held_total
from grouped full join closed using (target)
order by closed_until is null, target not like 'smtp:%', coalesce(due, 0) + coalesce(held, 0) desc, target
limit $2
;
execute golden (:now, :limit);
deallocate golden;
