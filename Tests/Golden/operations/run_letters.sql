-- operations, run_letters
\set instance ''''''
\set job '''reindex'''
\set server ''''''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, bigint) as
-- Items that failed in this run and in none since.
select left(d.item, 16384) as item, left(d.error_kind, 200) as error_kind, left(d.error_message, 8192) as error_message, d.attempts, d.state, d.last_failed_at, count(*) over () as total
from oneshot.dead_letters d
where d.instance = $1 and d.job = $2 and d.server = $3 and d.last_run_id = $4::uuid
order by d.last_failed_at desc, d.item_digest
limit $5
;
execute golden (:instance, :job, :server, :run_id, :limit);
deallocate golden;
