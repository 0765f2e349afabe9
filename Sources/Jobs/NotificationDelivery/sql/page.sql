-- The next notifications that wait for a decision, the oldest first.
select notification_id, to_json(queued_at) #>> '{}' as queued_at
from oneshot.notification_pending
where (queued_at, notification_id) > (:after_at::timestamptz, :after_id)
order by queued_at, notification_id
limit :limit
