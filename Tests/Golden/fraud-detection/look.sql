-- fraud-detection, look
\set optional '''{"ip","device_fingerprint","user_agent","form_ms","honeypot","verified_at"}'''
\set instance ''''''
\set part ''''''
prepare golden (unknown, unknown, unknown) as
-- What a run has to know before its work: the entries' columns, and how far they were read.
--
-- A position of another cluster's transactions, as after a restore, is none: whatever has no facts is new then.
select
  (
    select coalesce(string_agg(attname, ' '), '') from pg_attribute
    where attrelid = to_regclass('waitlist_entries') and attname = any ($1::text[]) and not attisdropped) as columns,
  (select max(id) from waitlist_entries) as last_id, pg_current_snapshot()::text as snapshot,
  position.seen::text as seen, position.looked_until, position.last_id as seen_id,
  (select domains_digest from oneshot.fraud_rules) as domains_digest
from (values (1)) as one
left join oneshot.fraud_positions as position
  on (instance, variant) = ($2, $3) and pg_snapshot_xmax(seen) <= pg_snapshot_xmax(pg_current_snapshot())
;
execute golden (:optional, :instance, :part);
deallocate golden;
