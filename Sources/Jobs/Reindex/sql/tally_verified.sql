-- One row for each state, and one for each document that is not as it should be.
select state, named.entity_id as failed_id, max(language) as failed_language, count(*) as documents, last_id, twice
from verified
cross join lateral (
  select case when state not in ('unchanged', 'absent') then entity_id end as entity_id) as named, done
group by 1, 2, last_id, twice
