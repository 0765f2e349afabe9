-- operations, event
\set id '''e1'''
prepare golden (unknown) as
-- One event, whatever its outcome.
select event_id, state, type, seen_at, source, partition, key, attempts, due_at, left(last_error, 16384) as last_error,
  left(event::text, 1048576) as event, 1 as total
from oneshot.event_inbox
where event_id = $1
;
execute golden (:id);
deallocate golden;
