-- metrics-rollups, bring_back_borders
\set sources '''{"metric_events"}'''
prepare golden (unknown) as
-- Moves borders that a wrong clock has moved into the future back to the end of the present day, week or month by
-- Postgres' clock. What is before them stays as it is: part of it may be gone, so nothing is calculated again, and
-- nothing more is removed.
with clock as (
  select source, oneshot.bucket_end('daily', now(), timezone) as day, oneshot.bucket_end('weekly', now(), timezone) as week,
    oneshot.bucket_end('monthly', now(), timezone) as month
  from oneshot.rollup_positions
  where source = any ($1::text[])
)
update oneshot.rollup_positions as p
set raw_from = least(raw_from, day), raw_removed_until = case when raw_from > day then day else raw_removed_until end,
  hourly_from = least(hourly_from, day), daily_from = least(daily_from, month), weekly_from = least(weekly_from, week),
  monthly_from = least(monthly_from, month)
from clock
where p.source = clock.source
  and (greatest(raw_from, hourly_from) > day or weekly_from > week or greatest(daily_from, monthly_from) > month)
;
execute golden (:sources);
deallocate golden;
