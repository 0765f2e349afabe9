-- Moves a position, unless somebody else has.
update oneshot.event_positions
set position = :new_position, batch = batch + 1, tries = 0, entries_read = entries_read + :entries, moved_at = :moment,
  run_id = :run_id
where (source, partition) = (:source, :partition) and position = :old_position and batch = :batch
