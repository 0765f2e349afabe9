-- Forgets steps that Redis has had for an hour by Postgres' clock, except for the newest of each board.
delete from oneshot.live_batches as old
where (source, partition) = (:source, :partition) and sent_at < now() - interval '1 hour'
  and exists (
    select from oneshot.live_batches as newer
    where (newer.source, newer.partition, newer.board) = (old.source, old.partition, old.board) and newer.batch > old.batch)
