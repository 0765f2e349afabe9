-- reward-delivery, page
\set waits 'true'
\set short '''{"gold"}'''
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set types '''{"coffee"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after_at '''2025-11-08T02:00:00Z'''
\set after_id '''17'''
\set limit '''10000''::bigint'
prepare golden (boolean, unknown, timestamptz, unknown, bigint, bigint, unknown, unknown, bigint) as
-- The next rewards to decide on, in the order in which they were earned: those that are due, and those that have waited for
-- a code, of types that have one.
with short as materialized (
  select t.reward_type
  from oneshot.reward_types as t
  -- A type without codes stays one for the run: codes that are loaded meanwhile are for those that have waited.
  where needs_code and $1 and (t.reward_type = any ($2::text[]) or not exists (
    select -- The free codes of a type, in the order in which they are given.
from oneshot.reward_codes as c
    where c.reward_type = t.reward_type and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > $3
))
), due as (
  select r.id, coalesce(r.earned_at, 'infinity') as earned_at,
    case when r.type::text collate "C" in (select reward_type from short) then r.type::text collate "C" end as short_type
  from rewards as r
  where r.status = 'due' and -- Whether a row of rewards (r) is of this run's types and share.
($4::text[] is null or r.type::text collate "C" = any ($4::text[]))
    and (hashtext(r.id::text collate "C")::bigint & 2147483647) % $5 = $6

  union all
  select r.id, coalesce(r.earned_at, 'infinity'), null
  from oneshot.reward_deliveries as d
  join rewards as r on r.id = d.reward_id::bigint
  where d.state = 'no_code' and r.status = 'no_code' and -- Whether a row of rewards (r) is of this run's types and share.
($4::text[] is null or r.type::text collate "C" = any ($4::text[]))
    and (hashtext(r.id::text collate "C")::bigint & 2147483647) % $5 = $6

    and r.type::text collate "C" not in (select reward_type from short)
)
select id::text as id, to_json(earned_at::timestamptz) #>> '{}' as earned_at, short_type
from due
where (due.earned_at, due.id) > ($7::timestamptz, $8)
order by due.earned_at, due.id
limit $9
;
execute golden (:waits, :short, :moment, :types, :shards, :shard, :after_at, :after_id, :limit);
deallocate golden;
