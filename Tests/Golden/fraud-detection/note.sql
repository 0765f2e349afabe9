-- fraud-detection, note
\set entries '''{"1","2"}'''
\set rules '''{"suspect":50,"held":80,"per_network":5,"velocity":10,"velocity_within":3600,"look_back":2592000,"ipv6_prefix":64,"keep":15552000,"checks":["self_referral","velocity","disposable_email","bot","duplicate_ip","duplicate_device"],"points":{"bot.form":50,"bot.honeypot":95,"bot.user_agent":50,"disposable_email.listed":60,"disposable_email.malformed":90,"disposable_email.reserved":90,"duplicate_device.device":50,"duplicate_device.mailbox":70,"duplicate_ip.network":15,"duplicate_ip.referrer":40,"self_referral.device":80,"self_referral.mailbox":95,"self_referral.network":40,"self_referral.tag":70,"velocity.burst":40,"velocity.fast":60}}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, timestamptz) as
-- Writes what the rows of entries say. That checks are still to come is noted, too: a run that ends before would lose them else.
select unreadable, proxied from oneshot.fraud_note($1::bigint[], $2::jsonb, $3, false)
;
execute golden (:entries, :rules, :moment);
deallocate golden;
