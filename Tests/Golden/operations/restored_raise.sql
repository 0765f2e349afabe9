-- operations, restored_raise
\set job '''reindex'''
\set token '''7''::bigint'
prepare golden (unknown, bigint) as
-- Makes a job's fences continue above a number. Any row of the job is enough: a run takes one more than the highest of
-- them.
insert into oneshot.fences as f (instance, job, server, shard, token)
select coalesce(newest.instance, ''), $1, coalesce(newest.server, ''), coalesce(newest.shard, 0), $2
from (select) as one
left join lateral (
  select instance, server, shard from oneshot.fences where job = $1 order by token desc limit 1) as newest on true
on conflict (instance, job, server, shard) do update set token = greatest(f.token, excluded.token)
;
execute golden (:job, :token);
deallocate golden;
