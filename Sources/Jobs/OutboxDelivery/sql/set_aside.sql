-- Messages that must not be sent any more. Waits for nobody: other lanes wait for this one meanwhile.
update oneshot.deliveries as d
set state = :state
where d.delivery_id in (
  select q.delivery_id from oneshot.deliveries as q
  where q.delivery_id = any (:ids::uuid[]) and q.state = 'queued'
  for no key update skip locked)
