-- Postgres' clock, whether this is the first run of its day that ends well, and whether posts have failed before.
select
  now() as server_now,
  not exists (
    select from oneshot.job_runs
    where (instance, job, variant) = (:instance, :job, :variant) and status in ('succeeded', 'partial')
      and scheduled_at >= :day and started_at >= :day - interval '1 day') as is_first_of_day,
  exists (
    select from oneshot.dead_letters
    where (instance, job, server) = (:instance, :job, '') and state = 'pending') as has_letters
