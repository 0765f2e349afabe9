-- Removes raw events that were rolled up before their border was moved. Events that came later for such an hour were
-- reported as too late, and stay. A table that existed before may have no key: rows are identified by their ctid, and
-- the conditions are repeated because a ctid may be another row's in another partition, or by now.
with border as materialized (
  -- Events outside of every calendar were never rolled up, and stay.
  select raw_seen, coalesce(raw_removed_until, :calendar_start) as start, raw_from as until
  from oneshot.rollup_positions
  where source = :source and raw_from > coalesce(raw_removed_until, :calendar_start)
)
delete from metric_events as e
using border
where e.ctid = any (array(
    select ctid from metric_events
    where occurred_at >= (select start from border) and occurred_at < (select until from border)
      and pg_visible_in_snapshot(written_by, (select raw_seen from border))
    order by occurred_at
    limit :batch))
  and e.occurred_at >= border.start and e.occurred_at < border.until
  and pg_visible_in_snapshot(e.written_by, border.raw_seen)
