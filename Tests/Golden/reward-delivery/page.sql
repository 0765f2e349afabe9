-- reward-delivery, page
\set waits 'true'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set types '''{"coffee"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set after_at '''2025-11-08T02:00:00Z'''
\set after_id '''17'''
\set limit '''10000''::bigint'
prepare golden (boolean, timestamptz, unknown, bigint, bigint, unknown, unknown, bigint) as
-- The next rewards to decide on, in the order in which they were earned: those that are due, and those that have waited for
-- a code, of types that have one.
with short as materialized (
  select t.reward_type
  from oneshot.reward_types as t
  where needs_code and $1 and not exists (
    select -- The free codes of a type, in the order in which they are given.
from oneshot.reward_codes as c
    where c.reward_type = t.reward_type and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > $2
)
), due as (
  select r.id, coalesce(r.earned_at, 'infinity') as earned_at
  from rewards as r
  where r.status = 'due' and -- Whether a row of rewards (r) is of this run's types and share.
($3::text[] is null or r.type::text = any ($3::text[]))
    and (hashtext(r.id::text)::bigint & 2147483647) % $4 = $5

  union all
  select r.id, coalesce(r.earned_at, 'infinity')
  from oneshot.reward_deliveries as d
  join rewards as r on r.id = d.reward_id::bigint
  where d.state = 'no_code' and r.status = 'no_code' and -- Whether a row of rewards (r) is of this run's types and share.
($3::text[] is null or r.type::text = any ($3::text[]))
    and (hashtext(r.id::text)::bigint & 2147483647) % $4 = $5

    and r.type::text not in (select reward_type from short)
)
select id::text as id, to_json(earned_at::timestamptz) #>> '{}' as earned_at
from due
where (due.earned_at, due.id) > ($6::timestamptz, $7)
order by due.earned_at, due.id
limit $8
;
execute golden (:waits, :moment, :types, :shards, :shard, :after_at, :after_id, :limit);
deallocate golden;
