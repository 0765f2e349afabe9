-- operations, letters_next
\set instance 'null'
\set server 'null'
\set job '''reindex'''
\set kind 'null'
\set state '''pending'''
\set failed_before '''2025-11-08T02:00:00Z''::timestamptz'
\set digest 'null'
\set for_replay 'true'
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, unknown, timestamptz, unknown, boolean, bigint) as
-- The first letters that would be changed, in the order in which they would be.
select d.instance, d.job, d.server, d.variant, d.attempts, d.first_failed_at, d.last_failed_at, d.last_run_id, d.state, d.replay_asked_at, d.replay_run_id, encode(d.item_digest, 'hex') as digest, left(d.item, 65536) as item,
  left(d.error_kind, 200) as error_kind, left(d.error_message, 8192) as error_message,
  left(d.replay_asked_by, 1000) as replay_asked_by,
  case when pg_column_size(d.payload) <= 131072 and octet_length(d.payload::text) <= 131072 then d.payload
  when d.payload is not null then jsonb_build_object('left_out', pg_column_size(d.payload) || ' bytes as stored') end as payload
from oneshot.dead_letters d
where ($1::text is null or d.instance = $1) and ($2::text is null or d.server = $2)
  and ($3::text is null or d.job = $3) and ($4::text is null or d.error_kind = $4)
  and ($5::text is null or d.state = $5)
  and ($6::timestamptz is null or d.last_failed_at < $6)
  and ($7::text is null or d.item_digest = decode($7, 'hex'))

  and d.state = 'pending' and (not $8 or d.replay_asked_at is null or d.replay_run_id is not null)
order by d.last_failed_at, d.job, d.item_digest
limit $9
;
execute golden (:instance, :server, :job, :kind, :state, :failed_before, :digest, :for_replay, :limit);
deallocate golden;
