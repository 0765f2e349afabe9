-- The oldest lists that are not due, and should be in Redis.
select l.user_id
from oneshot.suggestion_lists as l
where l.members > 0
  and l.computed_at > :living and l.computed_at >= (select due_before from oneshot.suggestion_state)
order by l.computed_at
limit :limit
