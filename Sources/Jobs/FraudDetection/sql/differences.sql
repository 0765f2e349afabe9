-- Signals that are not what the checks find of these entries. Where what they rest on may be forgotten, they are not expected to be
-- found again.
with stored as (
  select entry_id, check_name, points, evidence from oneshot.fraud_signals
  where entry_id = any (:entries::bigint[]) and :rules::jsonb -> 'checks' ? check_name
), fresh as (
  select entry_id, check_name, points, evidence
  from oneshot.fraud_find(:entries::bigint[], oneshot.fraud_marks(:entries::bigint[], :rules::jsonb), :rules::jsonb)
)
select entry_id, check_name
from stored full join fresh using (entry_id, check_name)
where (stored.points, stored.evidence) is distinct from (fresh.points, fresh.evidence)
  and (coalesce(fresh.points, 0) > coalesce(stored.points, 0)
    or not oneshot.fraud_is_settled(entry_id, check_name, :rules::jsonb, :moment))
order by entry_id, check_name
