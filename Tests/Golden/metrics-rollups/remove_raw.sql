-- metrics-rollups, remove_raw
\set calendar_start '''2025-11-07T00:00:00Z''::timestamptz'
\set source '''metric_events'''
\set batch '''10000''::bigint'
prepare golden (timestamptz, unknown, bigint) as
-- Removes raw events that were rolled up before their border was moved. What came later for such an hour was reported as too
-- late, and stays. A table that was there before has perhaps no key: rows are named by their places, and the conditions
-- stand twice because a place may be another row's in another partition, or meanwhile.
with border as materialized (
  -- What no calendar has was never rolled up, and stays.
  select raw_seen, coalesce(raw_removed_until, $1) as start, raw_from as until
  from oneshot.rollup_positions
  where source = $2 and raw_from > coalesce(raw_removed_until, $1)
)
delete from metric_events as e
using border
where e.ctid = any (array(
    select ctid from metric_events
    where occurred_at >= (select start from border) and occurred_at < (select until from border)
      and pg_visible_in_snapshot(written_by, (select raw_seen from border))
    order by occurred_at
    limit $3))
  and e.occurred_at >= border.start and e.occurred_at < border.until
  and pg_visible_in_snapshot(e.written_by, border.raw_seen)
;
execute golden (:calendar_start, :source, :batch);
deallocate golden;
