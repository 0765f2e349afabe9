-- operations, fraud_open
\set only_held 'false'
\set limit '''20''::bigint'
prepare golden (boolean, bigint) as
-- Entries of waitlists that wait for a decision, those with the highest scores first.
select r.entry_id, f.campaign_id, r.state, r.score, r.changed_at, r.decided_by, r.decided_at, r.note,
  coalesce(s.checks, '') as checks, null::text as evidence, count(*) over () as total
from oneshot.fraud_reviews as r
left join oneshot.fraud_facts as f using (entry_id)
left join lateral (
  select string_agg(check_name || ' ' || points, ', ' order by points desc, check_name) as checks
  from oneshot.fraud_signals as s where s.entry_id = r.entry_id) as s on true
where case when $1 then r.state = 'held' else r.state in ('suspect', 'held') end
order by r.score desc, r.entry_id
limit $2
;
execute golden (:only_held, :limit);
deallocate golden;
