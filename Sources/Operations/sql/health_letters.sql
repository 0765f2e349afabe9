-- What waits for a person, by job.
select job, count(*) as pending, min(first_failed_at) as oldest from oneshot.dead_letters
where state = 'pending' group by job order by job
