-- One row for each state, and one for each document that is not as it should be.
select state, named.entity_id as failed_id, max(language) as failed_language, count(*) as documents,
  (select id::text from page order by page.id desc limit 1) as last_id, (select id from twice) as twice
from verified
cross join lateral (
  select case when state not in ('unchanged', 'absent') then entity_id end as entity_id) as named
group by 1, 2
