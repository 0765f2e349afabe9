-- Removes raw events that were rolled up before their border was moved. What came later for such an hour was told as too
-- late, and stays.
with border as (
  select raw_seen, coalesce(raw_removed_until, '-infinity') as start, raw_from as until
  from oneshot.rollup_positions
  where source = :source and raw_from > coalesce(raw_removed_until, '-infinity')
)
delete from metric_events
where id in (
  select id from metric_events
  cross join border
  where occurred_at >= border.start and occurred_at < border.until and pg_visible_in_snapshot(written_by, border.raw_seen)
  limit :batch)
