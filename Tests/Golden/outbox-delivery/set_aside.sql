-- outbox-delivery, set_aside
\set state '''expired'''
\set ids '''{"c46a902b-604b-50da-c37f-19de8002eb80"}'''
prepare golden (unknown, unknown) as
-- Messages that must not be sent any more. Waits for nobody: other lanes wait for this one meanwhile.
update oneshot.deliveries as d
set state = $1
where d.delivery_id in (
  select q.delivery_id from oneshot.deliveries as q
  where q.delivery_id = any ($2::uuid[]) and q.state = 'queued'
  for no key update skip locked)
;
execute golden (:state, :ids);
deallocate golden;
