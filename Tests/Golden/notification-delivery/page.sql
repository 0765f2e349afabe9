-- notification-delivery, page
\set after_at '''-infinity'''
\set after_id ''''''
\set limit '''500''::bigint'
prepare golden (unknown, unknown, bigint) as
-- The next notifications that wait for a decision, the oldest first.
select notification_id, to_json(queued_at) #>> '{}' as queued_at
from oneshot.notification_pending
where (queued_at, notification_id) > ($1::timestamptz, $2)
order by queued_at, notification_id
limit $3
;
execute golden (:after_at, :after_id, :limit);
deallocate golden;
