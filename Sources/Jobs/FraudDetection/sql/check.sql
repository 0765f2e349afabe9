-- Checks a page of entries.
select checked, clear, suspect, held, cleared, unreadable, proxied
from oneshot.fraud_check(:entries::bigint[], :rules::jsonb, :moment, :run_id::uuid, :own::jsonb, :is_whole)
