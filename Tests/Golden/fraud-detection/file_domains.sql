-- fraud-detection, file_domains
\set text '''trash.org'''
prepare golden (unknown) as
-- Makes the domains of FRAUD_DOMAINS_FILE those of the table that have this source.
with line as (
  select distinct trim(both '.' from lower(btrim(text, E' \t\r'))) collate "C" as domain
  from unnest(string_to_array($1, E'\n')) as line (text)
  where text !~ '^\s*(#|$)'
), gone as (
  delete from oneshot.fraud_domains as d
  where d.source = 'file' and d.domain not in (select domain from line)
)
insert into oneshot.fraud_domains (domain, kind, source)
select domain, 'disposable', 'file' from line where domain <> ''
on conflict do nothing
;
execute golden (:text);
deallocate golden;
