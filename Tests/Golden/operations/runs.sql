-- operations, runs
\set instance ''''''
\set job '''reindex'''
\set variant '''changed'''
\set status '''failed'''
\set since '''2025-11-01T02:00:00Z''::timestamptz'
\set limit '''20''::bigint'
prepare golden (unknown, unknown, unknown, unknown, timestamptz, bigint) as
-- The newest runs, newest first; each condition that is null is none.
select r.*
from oneshot.job_runs r
where ($1::text is null or r.instance = $1)
  and ($2::text is null or r.job = $2) and ($3::text is null or r.variant = $3)
  and ($4::text is null or r.status = $4) and ($5::timestamptz is null or r.started_at >= $5)
order by r.started_at desc, r.run_id desc
limit $6
;
execute golden (:instance, :job, :variant, :status, :since, :limit);
deallocate golden;
