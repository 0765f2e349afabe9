-- operations, letter_named
\set item '''0f0f0f'''
\set job '''reindex'''
\set instance 'null'
\set server 'null'
\set lowest '''0f0f0f0000000000000000000000000000000000000000000000000000000000'''
\set highest '''0f0f0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'''
\set limit '''2''::bigint'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, bigint) as
-- The letter of this name, else those whose id begins with it; with the meaning of its kind as the job last declared
-- it.
select d.instance, d.job, d.server, d.variant, d.attempts, d.first_failed_at, d.last_failed_at, d.last_run_id, d.state, d.replay_asked_at, d.replay_run_id, encode(d.item_digest, 'hex') as digest, left(d.item, 65536) as item,
  left(d.error_kind, 200) as error_kind, left(d.error_message, 8192) as error_message,
  left(d.replay_asked_by, 1000) as replay_asked_by,
  case when pg_column_size(d.payload) <= 131072 and octet_length(d.payload::text) <= 131072 then d.payload
  when d.payload is not null then jsonb_build_object('left_out', pg_column_size(d.payload) || ' bytes as stored') end as payload, k.cause, k.remedy, d.item_digest = sha256(convert_to($1, 'UTF8')) as is_exact
from oneshot.dead_letters d
left join oneshot.letter_kinds k on k.job = d.job and k.kind = d.error_kind
where d.job = $2 and ($3::text is null or d.instance = $3)
  and ($4::text is null or d.server = $4)
  and (d.item_digest = sha256(convert_to($1, 'UTF8'))
    or d.item_digest between decode($5, 'hex') and decode($6, 'hex'))
order by is_exact desc, d.instance, d.server, d.item_digest
limit $7
;
execute golden (:item, :job, :instance, :server, :lowest, :highest, :limit);
deallocate golden;
