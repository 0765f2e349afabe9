-- Makes a job's fences continue above a number. Any row of the job is enough: a run takes one more than the highest of
-- them.
insert into oneshot.fences as f (instance, job, server, shard, token)
select coalesce(newest.instance, ''), :job, coalesce(newest.server, ''), coalesce(newest.shard, 0), :token
from (select) as one
left join lateral (
  select instance, server, shard from oneshot.fences where job = :job order by token desc limit 1) as newest on true
on conflict (instance, job, server, shard) do update set token = greatest(f.token, excluded.token)
