-- Removes what is known of the oldest entries.
with old as materialized (
  select entry_id from oneshot.fraud_facts where created_at < :keep_from::timestamptz order by created_at limit :limit
), signals as (
  delete from oneshot.fraud_signals where entry_id in (select entry_id from old)
)
delete from oneshot.fraud_facts where entry_id in (select entry_id from old)
