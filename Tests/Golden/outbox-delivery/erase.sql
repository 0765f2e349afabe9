-- outbox-delivery, erase
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint) as
-- Takes addresses and data out of messages that are over, and what was answered to them. Counted from when they were last
-- due: one that was requested long before its time can still be sent again.
with erased as (
  update oneshot.deliveries as d
  set recipient = null, user_id = null, data = null, last_message = null
  where d.delivery_id in (
    select o.delivery_id from oneshot.deliveries as o
    where o.state not in ('queued', 'sending', 'held') and (o.recipient is not null or o.data is not null)
      and o.created_at < $1::timestamptz and greatest(o.next_at, o.not_before, o.sent_at) < $1::timestamptz
    order by o.created_at
    limit $2
    for no key update skip locked)
  returning d.delivery_id
), attempts as (
  update oneshot.delivery_attempts as a set message = null
  from erased
  where a.delivery_id = erased.delivery_id and a.message is not null
)
select count(*) as changed from erased
;
execute golden (:until, :limit);
deallocate golden;
