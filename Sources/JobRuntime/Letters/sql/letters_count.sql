-- What was asked for can be asked for again once a run was given it: who asks then has mended something since.
select count(*) as letters,
  count(*) filter (where d.state = 'pending' and (d.replay_asked_at is null or d.replay_run_id is not null)) as askable
{chosen}
