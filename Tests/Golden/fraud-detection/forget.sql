-- fraud-detection, forget
\set keep_from '''2025-05-12T02:00:00Z''::timestamptz'
\set limit '''1000''::bigint'
prepare golden (timestamptz, bigint) as
-- Removes what is known of the oldest entries.
with old as materialized (
  select entry_id from oneshot.fraud_facts where created_at < $1::timestamptz order by created_at limit $2
), signals as (
  delete from oneshot.fraud_signals where entry_id in (select entry_id from old)
)
delete from oneshot.fraud_facts where entry_id in (select entry_id from old)
;
execute golden (:keep_from, :limit);
deallocate golden;
