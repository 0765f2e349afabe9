-- One row for each state, and one for each document that failed.
select state, case when state in ('failed', 'kept') then entity_id end as failed_id,
  case when state in ('failed', 'kept') then language end as failed_language, count(*) as documents,
  (select id::text from page order by page.id desc limit 1) as last_id,
  (select id from twice) as twice
from compared
group by 1, 2, 3
