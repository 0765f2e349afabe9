with verdict as not materialized ({file})
select distinct on (verdict.entry_id) verdict.entry_id::bigint as entry_id, verdict.points::integer as points,
  coalesce(to_jsonb(verdict.evidence), '{}')::text as evidence
from verdict
where verdict.entry_id = any (:entries::bigint[]) and verdict.points <> 0
order by verdict.entry_id, verdict.points desc, to_jsonb(verdict.evidence)
