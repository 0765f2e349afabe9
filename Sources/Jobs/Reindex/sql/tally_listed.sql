-- As tally.sql, with those that their source no longer has.
select tallied.*, null as last_id, twice
from (
  select state, null as failed_id, null as failed_language, count(*) as documents
  from compared where state not in ('failed', 'kept') group by state
  union all
  select state, entity_id, language, 1 from compared where state in ('failed', 'kept')
  union all
  select 'removed', null, null, count(*) from gone having count(*) > 0) as tallied, done
