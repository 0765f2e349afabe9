-- operations, run_attempts
\set instance ''''''
\set job '''reindex'''
\set server ''''''
\set variant '''changed'''
\set shard '''0''::bigint'
\set shard_count '''1''::bigint'
\set scheduled_at '''2025-11-08T02:00:00Z''::timestamptz'
\set scheduled_by '''setting'''
\set run_id '''01a228a9-1ce6-7a5b-af9a-758367ac1df3'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, bigint, bigint, timestamptz, unknown, unknown, bigint) as
-- Other runs for the same slot of the same part. A moment read from the clock is nobody's slot.
select r.*
from oneshot.job_runs r
where r.instance = $1 and r.job = $2 and r.server = $3 and r.variant = $4 and r.shard = $5
  and r.shard_count = $6
  and r.scheduled_at = $7 and r.scheduled_by <> 'clock' and $8 <> 'clock'
  and r.run_id <> $9::uuid
order by r.started_at desc, r.run_id desc
limit $10
;
execute golden (:instance, :job, :server, :variant, :shard, :shard_count, :scheduled_at, :scheduled_by, :run_id, :limit);
deallocate golden;
