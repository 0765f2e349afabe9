-- The users whose lists are old, or were computed before all of them were due, the oldest first.
select l.user_id, 2 as urgency
from oneshot.suggestion_lists as l
where l.computed_at < greatest(:before, (select due_before from oneshot.suggestion_state))
  and {share} and not exists (select from unnest(:passed::text[]) as passed (user_id) where passed.user_id = l.user_id)
order by l.computed_at, l.user_id
limit :limit
