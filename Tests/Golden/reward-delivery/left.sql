-- reward-delivery, left
\set types '''{"coffee"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (unknown, bigint, bigint, timestamptz) as
-- What is left: rewards without an outcome, and free codes, by type. Ten thousand codes stand for more.
with due as (
  select r.type::text collate "C" as reward_type, count(*) as due from rewards as r where r.status = 'due' and -- Whether a row of rewards (r) is of this run's types and share.
($1::text[] is null or r.type::text collate "C" = any ($1::text[]))
    and (hashtext(r.id::text collate "C")::bigint & 2147483647) % $2 = $3
 group by 1
), waiting as (
  select reward_type, count(*) as waiting
  from oneshot.reward_deliveries as d
  where state = 'no_code' and ($1::text[] is null or reward_type = any ($1::text[]))
    and (hashtext(reward_id)::bigint & 2147483647) % $2 = $3
  group by 1
), codes as (
  select reward_type, low_codes, codes_left
  from oneshot.reward_types as t
  cross join lateral (
    select count(*) as codes_left
    from (
      select -- The free codes of a type, in the order in which they are given.
from oneshot.reward_codes as c
    where c.reward_type = t.reward_type and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > $4

      limit 10000) as counted) as free
  where needs_code and ($1::text[] is null or reward_type = any ($1::text[]))
)
select reward_type, coalesce(due, 0) as due, coalesce(waiting, 0) as waiting, low_codes, codes_left
from codes full join due using (reward_type) full join waiting using (reward_type)
order by reward_type
;
execute golden (:types, :shards, :shard, :moment);
deallocate golden;
