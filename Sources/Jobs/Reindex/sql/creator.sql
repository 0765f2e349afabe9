-- See asset.sql.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, stage_name as a, bio as b, specialties as c,
    deleted_at is not null as deleted, language
  from creators) as present
