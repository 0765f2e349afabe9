-- top-stats, remove_history
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''top:'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set age_seconds '''7776000.0''::double precision'
\set batch '''10000''::bigint'
prepare golden (unknown, unknown, unknown, timestamptz, double precision, bigint) as
-- In batches, so that a long past does not become one long transaction. A single clock is not enough to say what is
-- old: neither the host's, nor the scheduler's, nor Postgres'. Rows that name no Redis belong to each.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = $1 and server in ($2, '') and key_prefix = $3
    and computed_at < least($4::timestamptz, now()) - make_interval(secs => $5)
  limit $6)
;
execute golden (:instance, :server, :key_prefix, :moment, :age_seconds, :batch);
deallocate golden;
