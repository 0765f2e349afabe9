-- Writes what the rows of entries say.
select unreadable, proxied
from oneshot.fraud_lock(), oneshot.fraud_note(:entries::bigint[], :rules::jsonb, :moment, true)
