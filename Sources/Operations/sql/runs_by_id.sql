select {columns}
from oneshot.job_runs r
where r.run_id = any (:ids::uuid[])
