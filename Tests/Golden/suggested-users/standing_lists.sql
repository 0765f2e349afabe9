-- suggested-users, standing_lists
\set living '''2025-11-08T02:00:00Z''::timestamptz'
\set limit '''20''::bigint'
prepare golden (timestamptz, bigint) as
-- The oldest lists that are not due, and should be in Redis.
select l.user_id
from oneshot.suggestion_lists as l
where l.members > 0
  and l.computed_at > $1 and l.computed_at >= (select due_before from oneshot.suggestion_state)
order by l.computed_at
limit $2
;
execute golden (:living, :limit);
deallocate golden;
