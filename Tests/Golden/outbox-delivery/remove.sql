-- outbox-delivery, remove
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint) as
-- Removes messages that are over, and their attempts.
with removed as (
  delete from oneshot.deliveries as d
  where d.delivery_id in (
    select o.delivery_id from oneshot.deliveries as o
    where o.state not in ('queued', 'sending', 'held')
      and o.created_at < $1::timestamptz and greatest(o.next_at, o.not_before, o.sent_at) < $1::timestamptz
    order by o.created_at
    limit $2
    for update skip locked)
  returning d.delivery_id
), attempts as (
  delete from oneshot.delivery_attempts as a using removed where a.delivery_id = removed.delivery_id
)
select count(*) as changed from removed
;
execute golden (:until, :limit);
deallocate golden;
