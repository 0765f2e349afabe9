-- Makes the domains of FRAUD_DOMAINS_FILE those of the table that have this source.
with listed as materialized (
  select distinct domain collate "C" as domain from unnest(string_to_array(:domains, E'\n')) as line (domain) where domain <> ''
), gone as (
  delete from oneshot.fraud_domains as d
  where d.source = 'file' and not exists (select from listed as l where l.domain = d.domain)
)
insert into oneshot.fraud_domains (domain, kind, source)
select domain, 'disposable', 'file' from listed
on conflict do nothing
