-- fraud-detection, differences
\set entries '''{"1","2"}'''
\set rules '''{"suspect":50,"held":80,"per_network":5,"velocity":10,"velocity_within":3600,"look_back":2592000,"ipv6_prefix":64,"keep":15552000,"checks":["self_referral","velocity","disposable_email","bot","duplicate_ip","duplicate_device"],"points":{"bot.form":50,"bot.honeypot":95,"bot.user_agent":50,"disposable_email.listed":60,"disposable_email.malformed":90,"disposable_email.reserved":90,"duplicate_device.device":50,"duplicate_device.mailbox":70,"duplicate_ip.network":15,"duplicate_ip.referrer":40,"self_referral.device":80,"self_referral.mailbox":95,"self_referral.network":40,"self_referral.tag":70,"velocity.burst":40,"velocity.fast":60}}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz) as
-- Signals that are not what the checks find of these entries. Where what they rest on may be forgotten, they are not expected to be
-- found again.
with stored as (
  select entry_id, check_name, points, evidence from oneshot.fraud_signals
  where entry_id = any ($1::bigint[]) and $2::jsonb -> 'checks' ? check_name
), fresh as (
  select entry_id, check_name, points, evidence
  from oneshot.fraud_find($1::bigint[], oneshot.fraud_marks($1::bigint[], $2::jsonb), $2::jsonb)
)
select entry_id, check_name
from stored full join fresh using (entry_id, check_name)
where (stored.points, stored.evidence) is distinct from (fresh.points, fresh.evidence)
  and (coalesce(fresh.points, 0) > coalesce(stored.points, 0)
    or not oneshot.fraud_is_settled(entry_id, check_name, $2::jsonb, $3))
order by entry_id, check_name
;
execute golden (:entries, :rules, :moment);
deallocate golden;
