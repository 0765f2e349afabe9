-- notification-delivery, left_over
\set after_at '''-infinity'''
\set after_id ''''''
prepare golden (unknown, unknown) as
-- How many notifications wait after the last one that the run has read.
select count(*) as notifications
from oneshot.notification_pending
where (queued_at, notification_id) > ($1::timestamptz, $2)
;
execute golden (:after_at, :after_id);
deallocate golden;
