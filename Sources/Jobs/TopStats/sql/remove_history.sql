-- In batches, so that a long past does not become one long transaction.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = :instance and key_prefix = :key_prefix and computed_at < :before limit :batch)
