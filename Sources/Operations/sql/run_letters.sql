-- Items that failed in this run and in none since.
select left(d.item, 16384) as item, left(d.error_kind, 200) as error_kind, left(d.error_message, 8192) as error_message, d.attempts, d.state, d.last_failed_at, count(*) over () as total
from oneshot.dead_letters d
where d.instance = :instance and d.job = :job and d.server = :server and d.last_run_id = :run_id::uuid
order by d.last_failed_at desc, d.item_digest
limit :limit
