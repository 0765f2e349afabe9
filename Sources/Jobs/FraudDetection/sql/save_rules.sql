-- What event-drain's handler goes by.
insert into oneshot.fraud_rules as r (rules, domains_digest)
values (:rules::jsonb, :digest)
on conflict (is_only) do update
set rules = excluded.rules, domains_digest = excluded.domains_digest
where (r.rules, r.domains_digest) is distinct from (excluded.rules, excluded.domains_digest)
