-- Writes what the rows of entries say. That checks are still to come is noted, too: a run that ends before would lose them else.
select unreadable, proxied from oneshot.fraud_note(:entries::bigint[], :rules::jsonb, :moment, false)
