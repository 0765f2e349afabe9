-- The newest step of each board of a partition.
with chosen as (
  select distinct on (board) *
  from oneshot.live_batches
  where (source, partition) = (:source, :partition)
  order by board, batch desc
)
{steps}
