-- Hours that the next run will calculate: queued, or touched since the position.
select distinct oneshot.bucket_start('hourly', moment, :zone) as bucket_start
from (
  select first as moment from noticed
  union all
  select last from noticed
  union all
  select occurred_at from oneshot.rollup_changes
  where source = :source and occurred_at >= :window_start and occurred_at < :window_end
  union all
  select bucket_start from oneshot.rollup_queue
  where source = :source and granularity = 'hourly' and bucket_start >= :window_start and bucket_start < :window_end
) as moments
where moment is not null
