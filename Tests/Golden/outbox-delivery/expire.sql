-- outbox-delivery, expire
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set channels '''{"email","webhook"}'''
prepare golden (timestamptz, unknown) as
-- Messages that nobody wants any more.
update oneshot.deliveries as d
set state = 'expired'
where d.state = 'queued' and d.expires_at <= $1::timestamptz and d.channel = any ($2::text[])
;
execute golden (:moment, :channels);
deallocate golden;
