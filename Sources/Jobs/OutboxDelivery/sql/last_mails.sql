-- When each domain got its last mail: what this run may send depends on it.
select {target} as target, max(a.started_at) as started_at
from oneshot.delivery_attempts as a
join oneshot.deliveries as d on d.delivery_id = a.delivery_id
where a.started_at > :since::timestamptz and d.channel = 'email'
group by 1
