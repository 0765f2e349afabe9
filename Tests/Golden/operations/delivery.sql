-- operations, delivery
\set id '''e1'''
prepare golden (unknown) as
-- One message, by its id or by its key.
select delivery_id, dedup_key, channel, template, recipient, state, attempts, doubts, on_doubt, priority, next_at, created_at, sent_at,
  last_code, left(last_message, 4096) as last_message, 1 as total
from oneshot.deliveries
where delivery_id in (
  oneshot.delivery_id($1::text),
  case when $1::text ~ '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then $1::text::uuid end)
;
execute golden (:id);
deallocate golden;
