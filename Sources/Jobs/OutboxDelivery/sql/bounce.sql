-- An address that does not exist gets nothing more. What is still in force stays as it is.
insert into oneshot.suppressions as s (address, category, reason, code, delivery_id, since)
select lower(d.recipient), '*', 'bounce', :code::bigint, d.delivery_id, :moment::timestamptz
from oneshot.deliveries as d where d.delivery_id = :id::uuid and d.recipient is not null
on conflict (address, category) do update
set reason = excluded.reason, code = excluded.code, delivery_id = excluded.delivery_id, since = excluded.since, until = null
where s.until <= excluded.since
