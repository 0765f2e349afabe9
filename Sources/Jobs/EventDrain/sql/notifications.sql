-- handles: notification.created
-- fallback: true
-- needs: oneshot.notification_pending(notification_id) insert
--
-- Queues notifications for notification-delivery: data has a notification_id. Who writes the event does so with the
-- notification, or after it.
with good as (
  select n, data ->> 'notification_id' as notification_id
  from events
  where data ->> 'notification_id' <> ''
), queued as (
  insert into oneshot.notification_pending (notification_id)
  select notification_id from good group by notification_id order by min(n)
  on conflict do nothing
)
select n, 'reject' as outcome, 'data has no notification_id' as message
from events where n not in (select n from good)
