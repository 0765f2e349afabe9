-- How many notifications wait behind the last one that the run has looked at.
select count(*) as notifications
from oneshot.notification_pending
where (queued_at, notification_id) > (:after_at::timestamptz, :after_id)
