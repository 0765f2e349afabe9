-- outbox-delivery, expire
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set channels '''{"email","webhook"}'''
prepare golden (timestamptz, unknown) as
-- Messages that nobody wants any more. One that somebody holds is left to the next run.
update oneshot.deliveries as d
set state = 'expired'
where d.delivery_id in (
  select q.delivery_id from oneshot.deliveries as q
  where q.state = 'queued' and q.expires_at <= $1::timestamptz and q.channel = any ($2::text[])
  for no key update skip locked)
;
execute golden (:moment, :channels);
deallocate golden;
