-- operations, letters_discard
\set instance 'null'
\set server 'null'
\set job '''reindex'''
\set kind 'null'
\set state '''pending'''
\set failed_before '''2025-11-08T02:00:00Z''::timestamptz'
\set digest 'null'
\set limit '''20''::bigint'
\set by '''ann'''
prepare golden (unknown, unknown, unknown, unknown, unknown, timestamptz, unknown, bigint, unknown) as
-- Discards letters, whether their replay is requested or not.
with due as (
  select d.instance, d.job, d.server, d.item_digest
  from oneshot.dead_letters d
where ($1::text is null or d.instance = $1) and ($2::text is null or d.server = $2)
  and ($3::text is null or d.job = $3) and ($4::text is null or d.error_kind = $4)
  and ($5::text is null or d.state = $5)
  and ($6::timestamptz is null or d.last_failed_at < $6)
  and ($7::text is null or d.item_digest = decode($7, 'hex'))

    and d.state = 'pending'
  order by d.last_failed_at, d.job, d.item_digest
  limit $8
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
  select 'discard', $9, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at from discarded
)
select instance, job, server, count(*) as letters from discarded group by instance, job, server order by instance, job, server
;
execute golden (:instance, :server, :job, :kind, :state, :failed_before, :digest, :limit, :by);
deallocate golden;
