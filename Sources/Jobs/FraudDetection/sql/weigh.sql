-- Checks entries by facts that are complete already.
select cardinality(:entries::bigint[]) as checked,
  cardinality(:entries::bigint[]) - count(*) filter (where state <> 'clear') as clear,
  count(*) filter (where state = 'suspect' and was is distinct from state) as suspect,
  count(*) filter (where state = 'held' and was is distinct from state) as held,
  count(*) filter (where state = 'clear' and was in ('suspect', 'held')) as cleared
from oneshot.fraud_judge(:entries::bigint[], :rules::jsonb, :moment, :run_id::uuid, :own::jsonb, :is_whole)
