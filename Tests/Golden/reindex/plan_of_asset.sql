-- reindex, plan_of_asset
explain (costs off) select * from (-- Tags may be a text, an array or jsonb. Where the table has no deleted_at or language, the name is found in the outer
-- query, as a null.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b, tags as c,
    deleted_at is not null as deleted, language
  from assets) as present
) as file
;
