-- In batches, so that a long past does not become one long transaction. A single clock is not enough to say what is
-- old: neither the host's, nor the scheduler's, nor Postgres'. Rows that name no Redis belong to each.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = :instance and server in (:server, '') and key_prefix = :key_prefix
    and computed_at < least(:moment::timestamptz, now()) - make_interval(secs => :age_seconds)
  limit :batch)
