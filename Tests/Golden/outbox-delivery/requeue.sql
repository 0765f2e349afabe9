-- outbox-delivery, requeue
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set ids '''{"c46a902b-604b-50da-c37f-19de8002eb80"}'''
prepare golden (timestamptz, unknown) as
-- Messages that somebody wants to be sent again.
update oneshot.deliveries as d
set state = 'queued', next_at = $1::timestamptz
where d.delivery_id::text = any ($2::text[]) and d.state in ('failed', 'held')
returning d.delivery_id
;
execute golden (:moment, :ids);
deallocate golden;
