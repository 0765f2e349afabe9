-- The first of those that something would be done with, in the order in which it would be.
select c.*, encode(c.item_digest, 'hex') as digest
from chosen c
where c.state = 'pending' and (not :for_replay or c.replay_asked_at is null or c.replay_run_id is not null)
order by c.last_failed_at, c.job, c.item_digest
limit :limit
