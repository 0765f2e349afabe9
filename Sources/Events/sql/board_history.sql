-- All steps of a board that are still there.
with chosen as (
  select * from oneshot.live_batches where (source, partition) = (:source, :partition) and board = :board
)
{steps}
