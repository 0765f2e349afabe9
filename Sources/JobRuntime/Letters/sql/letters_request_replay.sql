-- Requests replays. The conditions are on the locked rows, so of two requests at the same time one finds them requested
-- already.
with due as (
  select d.instance, d.job, d.server, d.item_digest
  {chosen}
    and d.state = 'pending' and (d.replay_asked_at is null or d.replay_run_id is not null)
  order by d.last_failed_at, d.job, d.item_digest
  limit :limit
  for update of d
), requested as (
  update oneshot.dead_letters d
  set replay_asked_at = now(), replay_asked_by = :by, replay_run_id = null
  from due
  where (d.instance, d.job, d.server, d.item_digest) = (due.instance, due.job, due.server, due.item_digest)
  returning d.*
), noted as (
  insert into oneshot.dead_letter_actions (
    action, acted_by, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at)
  select 'replay', :by, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at from requested
)
select instance, job, server, count(*) as letters from requested group by instance, job, server order by instance, job, server
