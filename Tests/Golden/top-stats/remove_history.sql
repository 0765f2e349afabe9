-- top-stats, remove_history
\set instance ''''''
\set key_prefix '''top:'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set age_seconds '''7776000.0''::double precision'
\set batch '''10000''::bigint'
prepare golden (unknown, unknown, timestamptz, double precision, bigint) as
-- In batches, so that a long past does not become one long transaction. No clock alone says what is old: neither the host's,
-- nor the scheduler's, nor Postgres'.
delete from top_stats_history
where ctid in (
  select ctid from top_stats_history
  where instance = $1 and key_prefix = $2
    and computed_at < least($3::timestamptz, now()) - make_interval(secs => $4)
  limit $5)
;
execute golden (:instance, :key_prefix, :moment, :age_seconds, :batch);
deallocate golden;
