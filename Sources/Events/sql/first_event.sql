-- The first row that a pass has to read. A row that the position does not see was not committed when the position was
-- taken.
select min(seq) as seq
from oneshot.events
where :seen::pg_snapshot is null
  or (written_by >= pg_snapshot_xmax(:seen::pg_snapshot) and written_by < pg_snapshot_xmax(:until::pg_snapshot)
      or written_by = any (coalesce(
        string_to_array(nullif(split_part((:seen::pg_snapshot)::text, ':', 3), ''), ',')::xid8[], '{}')))
    and pg_visible_in_snapshot(written_by, :until::pg_snapshot)
