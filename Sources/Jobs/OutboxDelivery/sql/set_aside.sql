-- Messages that must not be sent any more.
update oneshot.deliveries as d
set state = :state
where d.delivery_id = any (:ids::uuid[]) and d.state = 'queued'
