-- Rows of the same boards that runs for this Redis leave alone, though they are old enough.
select format('delete from top_stats_history where (instance, server, key_prefix) = (%L, %L, %L)', instance, server, key_prefix)
  as remedy
from top_stats_history
where instance = :instance and server not in (:server, '') and key_prefix = :key_prefix
  and computed_at < least(:moment::timestamptz, now()) - make_interval(secs => :age_seconds)
group by instance, server, key_prefix
order by server
