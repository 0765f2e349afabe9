-- outbox-delivery, bounce
\set code '''250''::bigint'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set id '''c46a902b-604b-50da-c37f-19de8002eb80'''
prepare golden (bigint, timestamptz, unknown) as
-- An address that does not exist gets nothing more. What is still in force stays as it is.
insert into oneshot.suppressions as s (address, category, reason, code, delivery_id, since)
select lower(d.recipient), '*', 'bounce', $1::bigint, d.delivery_id, $2::timestamptz
from oneshot.deliveries as d where d.delivery_id = $3::uuid and d.recipient is not null
on conflict (address, category) do update
set reason = excluded.reason, code = excluded.code, delivery_id = excluded.delivery_id, since = excluded.since, until = null
where s.until <= excluded.since
;
execute golden (:code, :moment, :id);
deallocate golden;
