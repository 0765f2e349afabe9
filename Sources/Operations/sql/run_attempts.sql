-- Other runs for the same slot of the same part. A time from the clock is not a slot.
select {columns}
from oneshot.job_runs r
where r.instance = :instance and r.job = :job and r.server = :server and r.variant = :variant and r.shard = :shard
  and r.shard_count = :shard_count
  and r.scheduled_at = :scheduled_at and r.scheduled_by <> 'clock' and :scheduled_by <> 'clock'
  and r.run_id <> :run_id::uuid
order by r.started_at desc, r.run_id desc
limit :limit
