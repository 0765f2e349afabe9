-- The next messages that are due and whose targets are open; what must not be sent any more is marked.
select d.delivery_id, coalesce(d.recipient, '') as recipient,
  coalesce(d.expires_at <= :moment::timestamptz, false) as is_expired,
  d.channel = 'email' and {suppressed} as is_suppressed
from oneshot.deliveries as d
where d.state = 'queued' and d.channel = :channel and d.next_at <= :moment::timestamptz
  and (d.not_before is null or d.not_before <= :moment::timestamptz)
  and {target} <> all (:closed::text[])
  and d.delivery_id <> all (:passed::uuid[])
order by d.priority, d.next_at
limit :limit
