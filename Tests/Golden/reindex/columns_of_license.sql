-- reindex, columns_of_license
prepare golden as
select * from (-- See asset.sql.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b,
    deleted_at is not null as deleted, language
  from licenses) as present
) as file where false
;
execute golden;
deallocate golden;
