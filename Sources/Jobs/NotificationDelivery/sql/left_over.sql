-- How many notifications wait after the last one that the run has read.
select count(*) as notifications
from oneshot.notification_pending
where (queued_at, notification_id) > (:after_at::timestamptz, :after_id)
