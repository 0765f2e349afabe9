-- The first of those that something would be done with, in the order in which it would be.
select {columns}
{chosen}
  and d.state = 'pending' and (not :for_replay or d.replay_asked_at is null or d.replay_run_id is not null)
order by d.last_failed_at, d.job, d.item_digest
limit :limit
