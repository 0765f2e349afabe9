-- operations, letter_named
\set item '''0f0f0f'''
\set job '''reindex'''
\set instance 'null'
\set server 'null'
\set lowest '''0f0f0f0000000000000000000000000000000000000000000000000000000000'''
\set highest '''0f0f0fffffffffffffffffffffffffffffffffffffffffffffffffffffffffff'''
\set limit '''2''::bigint'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, bigint) as
-- The letter of this name, else those whose id begins so; with what its kind means, as the job last said.
select d.*, k.cause, k.remedy, encode(d.item_digest, 'hex') as digest, d.item_digest = sha256(convert_to($1, 'UTF8')) as is_exact
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
