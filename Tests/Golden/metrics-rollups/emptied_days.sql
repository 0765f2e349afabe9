-- metrics-rollups, emptied_days
\set zone '''Europe/Berlin'''
prepare golden (unknown) as
-- Days whose rollups would be removed, and for which nothing was calculated. (Not rollups of another calendar.)
select day_start, oneshot.bucket_end('daily', day_start, $1) as day_end
from (
  select oneshot.bucket_start('daily', bucket_start, $1) as day_start
  from (select distinct bucket_start from oneshot_rollup_changes where not is_right) as gone
  where bucket_start = oneshot.bucket_start('hourly', bucket_start, $1)
  except
  select oneshot.bucket_start('daily', bucket_start, $1)
  from (select distinct bucket_start from oneshot_rollup_fresh) as there) as days
order by 1
;
execute golden (:zone);
deallocate golden;
