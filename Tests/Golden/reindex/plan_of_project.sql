-- reindex, plan_of_project
explain (costs off) select * from (-- See asset.sql.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b,
    deleted_at is not null as deleted, language
  from projects) as present
) as file
;
