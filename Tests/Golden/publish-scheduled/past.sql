-- publish-scheduled, past
\set instance ''''''
\set job '''publish-scheduled'''
\set variant ''''''
\set day '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, timestamptz) as
-- Postgres' clock, whether this is the first run of its day that ends well, and whether posts have failed before.
select
  now() as server_now,
  not exists (
    select from oneshot.job_runs
    where (instance, job, variant) = ($1, $2, $3) and status in ('succeeded', 'partial')
      and scheduled_at >= $4 and started_at >= $4 - interval '1 day') as is_first_of_day,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = ($1, $2, '') and state = 'pending') as has_letters
;
execute golden (:instance, :job, :variant, :day);
deallocate golden;
