-- Messages that nobody wants any more. One that somebody holds is left to the next run.
update oneshot.deliveries as d
set state = 'expired'
where d.delivery_id in (
  select q.delivery_id from oneshot.deliveries as q
  where q.state = 'queued' and q.expires_at <= :moment::timestamptz and q.channel = any (:channels::text[])
  for no key update skip locked)
