-- One row for each state, and one for each document that failed.
select tallied.*, last_id, twice
from (
  select state, null as failed_id, null as failed_language, count(*) as documents
  from compared where state not in ('failed', 'kept') group by state
  union all
  select state, entity_id, language, 1 from compared where state in ('failed', 'kept')) as tallied, done
