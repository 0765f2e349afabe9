-- top-stats, remove_history
\set instance ''''''
\set key_prefix '''top:'''
\set before '''2025-08-10T02:00:00Z''::timestamptz'
\set batch '''10000''::bigint'
prepare golden (unknown, unknown, timestamptz, bigint) as
-- In batches, so that a long past does not become one long transaction.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = $1 and key_prefix = $2 and computed_at < $3 limit $4)
;
execute golden (:instance, :key_prefix, :before, :batch);
deallocate golden;
