-- outbox-delivery, last_mails
\set since '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (timestamptz) as
-- When each domain got its last mail: what this run may send depends on it.
select (case d.channel when 'email' then 'domain:' || lower(substring(coalesce(d.recipient, '') from '[^@]*$'))
  else 'webhook:' || coalesce(d.recipient, '') end)
 as target, max(a.started_at) as started_at
from oneshot.delivery_attempts as a
join oneshot.deliveries as d on d.delivery_id = a.delivery_id
where a.started_at > $1::timestamptz and d.channel = 'email'
group by 1
;
execute golden (:since);
deallocate golden;
