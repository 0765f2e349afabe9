-- Signals that are not what the checks find of these entries.
with stored as (
  select entry_id, check_name, points, evidence from oneshot.fraud_signals
  where entry_id = any (:entries::bigint[]) and :rules::jsonb -> 'checks' ? check_name
), fresh as (
  select entry_id, check_name, points, evidence from oneshot.fraud_find(:entries::bigint[], :rules::jsonb)
)
select entry_id, check_name
from stored full join fresh using (entry_id, check_name)
where (stored.points, stored.evidence) is distinct from (fresh.points, fresh.evidence)
order by entry_id, check_name
