-- What a run is: the installation, and the Redis that a job's data are in.

alter table oneshot.fences add column instance text not null default '', add column server text not null default '';
alter table oneshot.fences drop constraint fences_pkey, add primary key (instance, job, server, shard);
alter table oneshot.job_runs add column instance text not null default '', add column server text not null default '';
drop index oneshot.job_runs_one_success_a_slot;
create unique index job_runs_one_success_a_slot
  on oneshot.job_runs (instance, job, server, variant, shard, shard_count, scheduled_at)
  where status = 'succeeded' and scheduled_by <> 'clock' and not forced;
drop index oneshot.job_runs_by_part;
create index job_runs_by_part on oneshot.job_runs (job, variant, shard, instance, server, started_at);
alter table oneshot.job_totals add column instance text not null default '', add column server text not null default '',
  add column variant text not null default '';
alter table oneshot.job_totals drop constraint job_totals_pkey, add primary key (instance, job, server, variant, shard);
alter table oneshot.dead_letters add column instance text not null default '', add column server text not null default '',
  add column variant text not null default '';
alter table oneshot.dead_letters drop constraint dead_letters_pkey, add primary key (instance, job, server, item_digest);
alter table oneshot.dead_letter_actions add column instance text not null default '',
  add column server text not null default '';
alter table oneshot.incidents add column instance text not null default '', add column server text not null default '';
drop index oneshot.incidents_open;
create unique index incidents_open on oneshot.incidents (instance, job, server, variant, shard, kind) where closed_at is null;
alter table oneshot.usage_days add column instance text not null default '', add column server text not null default '';
alter table oneshot.usage_days drop constraint usage_days_pkey,
  add primary key (instance, server, key_prefix, usage_date, shard_count, shard);
alter table top_stats_history add column instance text not null default '',
  add column key_prefix text not null default 'top:';
alter table top_stats_history drop constraint top_stats_history_pkey,
  add primary key (instance, key_prefix, board, computed_at, rank);
