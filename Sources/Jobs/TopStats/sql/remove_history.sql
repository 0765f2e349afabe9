-- In batches, so that a long past does not become one long transaction.
delete from top_stats_history
where ctid in (select ctid from top_stats_history where computed_at < :before limit :batch)
