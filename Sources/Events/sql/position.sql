-- The position of a partition; the snapshots are for sources whose position is a snapshot.
select position, batch, tries, entries_added, entries_read, pg_current_snapshot()::text as snapshot,
  now() as server_now
from (select) as one
left join oneshot.event_positions on (source, partition) = (:source, :partition)
