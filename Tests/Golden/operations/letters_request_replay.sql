-- operations, letters_request_replay
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
-- Requests replays. The conditions are on the locked rows, so of two requests at the same time one finds them requested
-- already.
with due as (
  select d.instance, d.job, d.server, d.item_digest
  from oneshot.dead_letters d
where ($1::text is null or d.instance = $1) and ($2::text is null or d.server = $2)
  and ($3::text is null or d.job = $3) and ($4::text is null or d.error_kind = $4)
  and ($5::text is null or d.state = $5)
  and ($6::timestamptz is null or d.last_failed_at < $6)
  and ($7::text is null or d.item_digest = decode($7, 'hex'))

    and d.state = 'pending' and (d.replay_asked_at is null or d.replay_run_id is not null)
  order by d.last_failed_at, d.job, d.item_digest
  limit $8
  for update of d
), requested as (
  update oneshot.dead_letters d
  set replay_asked_at = now(), replay_asked_by = $9, replay_run_id = null
  from due
  where (d.instance, d.job, d.server, d.item_digest) = (due.instance, due.job, due.server, due.item_digest)
  returning d.*
), noted as (
  insert into oneshot.dead_letter_actions (
    action, acted_by, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at)
  select 'replay', $9, instance, job, server, item_digest, item, error_kind, error_message, attempts, last_failed_at from requested
)
select instance, job, server, count(*) as letters from requested group by instance, job, server order by instance, job, server
;
execute golden (:instance, :server, :job, :kind, :state, :failed_before, :digest, :limit, :by);
deallocate golden;
