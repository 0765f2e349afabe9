-- Removes messages that are over, and their attempts.
with removed as (
  delete from oneshot.deliveries as d
  where d.delivery_id in (
    select o.delivery_id from oneshot.deliveries as o
    where o.state not in ('queued', 'sending', 'held')
      and o.created_at < :until::timestamptz and greatest(o.next_at, o.not_before, o.sent_at) < :until::timestamptz
    order by o.created_at
    limit :limit
    for update skip locked)
  returning d.delivery_id
), attempts as (
  delete from oneshot.delivery_attempts as a using removed where a.delivery_id = removed.delivery_id
)
select count(*) as changed from removed
