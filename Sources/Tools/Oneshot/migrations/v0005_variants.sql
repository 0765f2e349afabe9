-- Runs of one job that do different parts of its work: levels of metrics-rollups, modes of reindex. Two of them
-- for the same moment are no duplicates.

alter table oneshot.job_runs add column variant text not null default '';

-- Takes the place of an index that only lacked the variant: what older binaries write stays as unique as it was.
drop index oneshot.job_runs_one_success_a_slot;
create unique index job_runs_one_success_a_slot
  on oneshot.job_runs (job, variant, shard, shard_count, scheduled_at)
  where status = 'succeeded' and scheduled_by <> 'clock' and not forced;
