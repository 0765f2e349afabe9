-- What was asked for can be asked for again once a run was given it: who asks then has mended something since.
select count(*) as letters,
  count(*) filter (where state = 'pending' and (replay_asked_at is null or replay_run_id is not null)) as askable
from chosen
