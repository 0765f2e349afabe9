-- operations, fraud_entry
\set entry '''17''::bigint'
prepare golden (bigint) as
-- One entry of a waitlist: the findings, and the outcome.
select f.entry_id, f.campaign_id, coalesce(r.state, 'clear') as state, coalesce(r.score, 0) as score, r.changed_at,
  r.decided_by, r.decided_at, r.note, coalesce(s.checks, '') as checks, s.evidence, 1 as total
from (
  select entry_id, campaign_id from oneshot.fraud_facts where entry_id = $1
  union all
  select entry_id, null from oneshot.fraud_reviews where entry_id = $1
  limit 1
) as f
left join oneshot.fraud_reviews as r using (entry_id)
left join lateral (
  select string_agg(check_name || ' ' || points, ', ' order by points desc, check_name) as checks,
    jsonb_object_agg(check_name, jsonb_build_object('points', points, 'evidence', s.evidence))::text as evidence
  from oneshot.fraud_signals as s where s.entry_id = f.entry_id) as s on true
;
execute golden (:entry);
deallocate golden;
