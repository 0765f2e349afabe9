-- The newest runs, newest first; a condition that is null does not apply.
select {columns}
from oneshot.job_runs r
where (:instance::text is null or r.instance = :instance)
  and (:job::text is null or r.job = :job) and (:variant::text is null or r.variant = :variant)
  and (:status::text is null or r.status = :status) and (:since::timestamptz is null or r.started_at >= :since)
order by r.started_at desc, r.run_id desc
limit :limit
