-- Where a partition stands; the snapshots are for those whose position is one.
select position, batch, tries, entries_added, entries_read, pg_current_snapshot()::text as snapshot,
  now() as server_now
from (select) as one
left join oneshot.event_positions on (source, partition) = (:source, :partition)
