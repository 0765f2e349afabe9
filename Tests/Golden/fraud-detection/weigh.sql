-- fraud-detection, weigh
\set entries '''{"1","2"}'''
\set rules '''{"suspect":50,"held":80,"per_network":5,"velocity":10,"velocity_within":3600,"look_back":2592000,"ipv6_prefix":64,"keep":15552000,"checks":["self_referral","velocity","disposable_email","bot","duplicate_ip","duplicate_device"],"points":{"bot.form":50,"bot.honeypot":95,"bot.user_agent":50,"disposable_email.listed":60,"disposable_email.malformed":90,"disposable_email.reserved":90,"duplicate_device.device":50,"duplicate_device.mailbox":70,"duplicate_ip.network":15,"duplicate_ip.referrer":40,"self_referral.device":80,"self_referral.mailbox":95,"self_referral.network":40,"self_referral.tag":70,"velocity.burst":40,"velocity.fast":60}}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set own '''{"checks": [], "signals": []}'''
\set is_whole 'true'
prepare golden (unknown, unknown, timestamptz, unknown, unknown, boolean) as
-- Checks entries by facts that are complete already.
select cardinality($1::bigint[]) as checked,
  cardinality($1::bigint[]) - count(*) filter (where state <> 'clear') as clear,
  count(*) filter (where state = 'suspect' and was is distinct from state) as suspect,
  count(*) filter (where state = 'held' and was is distinct from state) as held,
  count(*) filter (where state = 'clear' and was in ('suspect', 'held')) as cleared
from oneshot.fraud_judge($1::bigint[], $2::jsonb, $3, $4::uuid, $5::jsonb, $6)
;
execute golden (:entries, :rules, :moment, :run_id, :own, :is_whole);
deallocate golden;
