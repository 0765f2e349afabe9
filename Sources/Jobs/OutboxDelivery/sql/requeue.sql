-- Messages that somebody wants to be sent again.
update oneshot.deliveries as d
set state = 'queued', next_at = :moment::timestamptz
where d.delivery_id::text = any (:ids::text[]) and d.state in ('failed', 'held')
returning d.delivery_id
