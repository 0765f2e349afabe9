-- As tally.sql, with those that their source no longer has.
select state, case when state in ('failed', 'kept') then entity_id end as failed_id,
  case when state in ('failed', 'kept') then language end as failed_language, count(*) as documents,
  null as last_id, (select id from twice) as twice
from compared
group by 1, 2, 3
union all
select 'removed', null, null, count(*), null, null from gone having count(*) > 0
