-- handles: job.fraud.detect
-- fallback: true
-- needs: oneshot.fraud_facts(entry_id) select, insert, update; oneshot.fraud_signals(entry_id) select, insert, update, delete; oneshot.fraud_reviews(entry_id) select, insert, update; oneshot.fraud_domains(domain) select; oneshot.fraud_networks(network) select; oneshot.fraud_rules(rules) select
--
-- Checks entries of waitlist_entries at once, by the settings of fraud-detection's last run: data has an entry_id.
with wanted as materialized (
  select n, case
      when data ->> 'entry_id' ~ '^-?[0-9]{1,19}$' and (data ->> 'entry_id')::numeric between -9223372036854775808 and 9223372036854775807
        then (data ->> 'entry_id')::bigint end as entry_id from events
), checked as materialized (
  select oneshot.fraud_check(
    array(select distinct entry_id from wanted where entry_id is not null order by entry_id), rules, now()) as result
  from oneshot.fraud_rules
)
select n,
  case
    when result is null then 'absent'
    when entry_id is null then 'reject'
    else 'retry' end as outcome,
  case
    when result is null then 'fraud-detection has never run here, and its handler goes by the settings of its last run'
    when entry_id is null then 'data has no entry_id that is a number of an entry'
    else 'there is no such entry yet' end as message
from wanted left join checked on true
where result is null or entry_id is null or entry_id = any ((result).missing)
