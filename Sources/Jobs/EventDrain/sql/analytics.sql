-- handles: job.analytics.aggregate
-- needs: oneshot.rollup_changes(source, occurred_at) insert
--
-- Has metrics-rollups calculate a window again: data has from and to, and a source if it is another than metric_events.
-- No time zone has two borders of hours within a quarter of an hour.
with windows as (
  select n, coalesce(data ->> 'source', 'metric_events') as source, (data ->> 'from')::timestamptz as start,
    (data ->> 'to')::timestamptz as until
  from events
), good as (
  select * from windows where start < until and until - start <= interval '400 days'
), queued as (
  insert into oneshot.rollup_changes (source, occurred_at)
  select distinct source, moment
  from good
  cross join lateral (
    select generate_series(start, until - interval '1 microsecond', '15 minutes')
    union select until - interval '1 microsecond') as m (moment)
)
select n, 'reject' as outcome, 'data has no from before a to, 400 days apart at most' as message
from windows where n not in (select n from good)
