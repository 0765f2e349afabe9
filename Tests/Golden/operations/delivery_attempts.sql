-- operations, delivery_attempts
\set delivery '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
prepare golden (unknown) as
-- The outcome of each attempt.
select attempt, run_id, started_at, ended_at, outcome, code, left(message, 4096) as message
from oneshot.delivery_attempts
where delivery_id = $1::uuid
order by attempt
limit 100
;
execute golden (:delivery);
deallocate golden;
