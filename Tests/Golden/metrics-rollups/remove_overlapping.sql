-- metrics-rollups, remove_overlapping
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
prepare golden (unknown, unknown) as
-- Where the rules of a zone have changed: removes the buckets of the old rules that begin where something is no longer
-- kept, and most of which lies in a bucket that is calculated again. Their events would be counted twice; what is left
-- out is the difference between the rules.
with edges as (
  select level, border, oneshot.bucket_end(level, border, $1) as until
  from oneshot.rollup_positions
  cross join lateral (values ('hourly', raw_from), ('daily', hourly_from), ('weekly', greatest(daily_from, weekly_from)),
    ('monthly', greatest(daily_from, monthly_from))) as levels (level, border)
  where source = $2 and border is not null
)
delete from metric_rollups as r
using edges
where r.granularity = level and r.source = $2 and r.bucket_start >= border and r.bucket_start < until
  and oneshot.bucket_start(level, r.bucket_start, $1) < border
  and r.bucket_start - oneshot.bucket_start(level, r.bucket_start, $1) > until - r.bucket_start
;
execute golden (:zone, :source);
deallocate golden;
