-- Provides events to a handler.
insert into pg_temp.events (n, id, type, key, account_id, campaign_id, data, happened_at, attempt)
select n, id, type, key, account_id, campaign_id, data, happened_at, attempt
from pg_temp.oneshot_staged where n = any (:events::integer[])
