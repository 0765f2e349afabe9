-- The next rewards to decide on, in the order in which they were earned: those that are due, and those that have waited for
-- a code, of types that have one.
with short as materialized (
  select t.reward_type
  from oneshot.reward_types as t
  -- A type without codes stays one for the run: codes that are loaded meanwhile are for those that have waited.
  where needs_code and :waits and (t.reward_type = any (:short::text[]) or not exists (
    select {free}))
), due as (
  select r.id, coalesce(r.earned_at, 'infinity') as earned_at,
    case when r.type::text collate "C" in (select reward_type from short) then r.type::text collate "C" end as short_type
  from rewards as r
  where r.status = 'due' and {own}
  union all
  select r.id, coalesce(r.earned_at, 'infinity'), null
  from oneshot.reward_deliveries as d
  join rewards as r on r.id = d.reward_id::{id_type}{id_collation}
  where d.state = 'no_code' and r.status = 'no_code' and {own}
    and r.type::text collate "C" not in (select reward_type from short)
)
select id::text as id, to_json(earned_at::timestamptz) #>> '{}' as earned_at, short_type
from due
{after}
order by due.earned_at, due.id
limit :limit
