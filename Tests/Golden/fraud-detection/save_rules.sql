-- fraud-detection, save_rules
\set rules '''{"suspect":50,"held":80,"per_network":5,"velocity":10,"velocity_within":3600,"look_back":2592000,"ipv6_prefix":64,"keep":15552000,"checks":["self_referral","velocity","disposable_email","bot","duplicate_ip","duplicate_device"],"points":{"bot.form":50,"bot.honeypot":95,"bot.user_agent":50,"disposable_email.listed":60,"disposable_email.malformed":90,"disposable_email.reserved":90,"duplicate_device.device":50,"duplicate_device.mailbox":70,"duplicate_ip.network":15,"duplicate_ip.referrer":40,"self_referral.device":80,"self_referral.mailbox":95,"self_referral.network":40,"self_referral.tag":70,"velocity.burst":40,"velocity.fast":60}}'''
\set digest ''''''
prepare golden (unknown, unknown) as
-- What event-drain's handler goes by.
insert into oneshot.fraud_rules as r (rules, domains_digest)
values ($1::jsonb, $2)
on conflict (is_only) do update
set rules = excluded.rules, domains_digest = excluded.domains_digest
where (r.rules, r.domains_digest) is distinct from (excluded.rules, excluded.domains_digest)
;
execute golden (:rules, :digest);
deallocate golden;
