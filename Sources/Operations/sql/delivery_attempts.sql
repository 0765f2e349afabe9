-- The outcome of each attempt.
select attempt, run_id, started_at, ended_at, outcome, code, left(message, 4096) as message
from oneshot.delivery_attempts
where delivery_id = :delivery::uuid
order by attempt
limit 100
