-- The runs that locks say they are held by.
select * from oneshot.job_runs where run_id = any (:ids::uuid[])
