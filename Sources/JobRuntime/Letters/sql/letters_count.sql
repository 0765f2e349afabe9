-- What was requested can be requested again once a run was given it: whoever does so has fixed something since.
select count(*) as letters,
  count(*) filter (where d.state = 'pending' and (d.replay_asked_at is null or d.replay_run_id is not null)) as askable
{chosen}
