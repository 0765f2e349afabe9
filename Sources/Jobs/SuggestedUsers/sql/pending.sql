-- The next users who are queued, the most urgent first. A user may be queued many times.
select user_id, min(urgency) as urgency
from (
  select p.user_id, p.urgency, p.id
  from oneshot.suggestion_pending as p
  where {share} and not exists (select from unnest(:passed::text[]) as passed (user_id) where passed.user_id = p.user_id)
  order by p.urgency, p.id
  limit :rows) as next
group by user_id
order by min(urgency), min(id)
limit :limit
