-- top-stats, other_servers
\set instance ''''''
\set server '''cache:6379/0'''
\set key_prefix '''top:'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set age_seconds '''7776000.0''::double precision'
prepare golden (unknown, unknown, unknown, timestamptz, double precision) as
-- Rows of the same boards that runs for this Redis leave alone, though they are old enough.
select format('delete from top_stats_history where (instance, server, key_prefix) = (%L, %L, %L)', instance, server, key_prefix)
  as remedy
from top_stats_history
where instance = $1 and server not in ($2, '') and key_prefix = $3
  and computed_at < least($4::timestamptz, now()) - make_interval(secs => $5)
group by instance, server, key_prefix
order by server
;
execute golden (:instance, :server, :key_prefix, :moment, :age_seconds);
deallocate golden;
