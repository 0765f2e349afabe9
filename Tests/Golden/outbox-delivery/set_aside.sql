-- outbox-delivery, set_aside
\set state '''expired'''
\set ids '''{"c46a902b-604b-50da-c37f-19de8002eb80"}'''
prepare golden (unknown, unknown) as
-- Messages that must not be sent any more.
update oneshot.deliveries as d
set state = $1
where d.delivery_id = any ($2::uuid[]) and d.state = 'queued'
;
execute golden (:state, :ids);
deallocate golden;
