-- In batches, so that a long past does not become one long transaction. No clock alone says what is old: neither the host's,
-- nor the scheduler's, nor Postgres'. Rows that do not say of which Redis they are belong to each.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = :instance and server in (:server, '') and key_prefix = :key_prefix
    and computed_at < least(:moment::timestamptz, now()) - make_interval(secs => :age_seconds)
  limit :batch)
