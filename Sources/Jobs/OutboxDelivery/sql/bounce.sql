-- An address that does not exist gets nothing more. What the application has written stays.
insert into oneshot.suppressions (address, category, reason, code, delivery_id, since)
select lower(d.recipient), '*', 'bounce', :code::bigint, d.delivery_id, :moment::timestamptz
from oneshot.deliveries as d where d.delivery_id = :id::uuid and d.recipient is not null
on conflict (address, category) do nothing
