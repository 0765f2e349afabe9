-- The first letters that would be changed, in the order in which they would be.
select {columns}
{chosen}
  and d.state = 'pending' and (not :for_replay or d.replay_asked_at is null or d.replay_run_id is not null)
order by d.last_failed_at, d.job, d.item_digest
limit :limit
