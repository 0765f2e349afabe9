-- Discards letters, whether their replay is requested or not.
with due as (
  select d.instance, d.job, d.server, d.item_digest
  {chosen}
    and d.state = 'pending'
  order by d.last_failed_at, d.job, d.item_digest
  limit :limit
  for update of d
), discarded as (
  update oneshot.dead_letters d
  set state = 'discarded', replay_asked_at = null, replay_asked_by = null, replay_run_id = null
  from due
  where (d.instance, d.job, d.server, d.item_digest) = (due.instance, due.job, due.server, due.item_digest)
  returning d.*
), noted as (
  insert into oneshot.dead_letter_actions (
    action, acted_by, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at)
  select 'discard', :by, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at from discarded
)
select instance, job, server, count(*) as letters from discarded group by instance, job, server order by instance, job, server
