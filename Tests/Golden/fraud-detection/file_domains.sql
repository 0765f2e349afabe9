-- fraud-detection, file_domains
\set domains '''trash.org\n'''
prepare golden (unknown) as
-- Makes the domains of FRAUD_DOMAINS_FILE those of the table that have this source.
with listed as materialized (
  select distinct domain collate "C" as domain from unnest(string_to_array($1, E'\n')) as line (domain) where domain <> ''
), gone as (
  delete from oneshot.fraud_domains as d
  where d.source = 'file' and not exists (select from listed as l where l.domain = d.domain)
)
insert into oneshot.fraud_domains (domain, kind, source)
select domain, 'disposable', 'file' from listed
on conflict do nothing
;
execute golden (:domains);
deallocate golden;
