-- outbox-delivery, erase
\set until '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint) as
-- Takes addresses and data out of messages that are over.
update oneshot.deliveries as d
set recipient = null, user_id = null, data = null, last_message = null
where d.delivery_id in (
  select o.delivery_id from oneshot.deliveries as o
  where o.state not in ('queued', 'sending', 'held') and (o.recipient is not null or o.data is not null)
    and o.created_at < $1::timestamptz
  order by o.created_at
  limit $2)
;
execute golden (:until, :limit);
deallocate golden;
