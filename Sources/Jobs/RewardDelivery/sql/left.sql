-- What is left: rewards without an outcome, and free codes, by type. Ten thousand codes stand for more.
with due as (
  select r.type::text collate "C" as reward_type, count(*) as due from rewards as r where r.status = 'due' and {own} group by 1
), waiting as (
  select reward_type, count(*) as waiting
  from oneshot.reward_deliveries as d
  where state = 'no_code' and (:types::text[] is null or reward_type = any (:types::text[]))
    and (hashtext(reward_id)::bigint & 2147483647) % :shards = :shard
  group by 1
), codes as (
  select reward_type, low_codes, codes_left
  from oneshot.reward_types as t
  cross join lateral (
    select count(*) as codes_left
    from (
      select {free}
      limit 10000) as counted) as free
  where needs_code and (:types::text[] is null or reward_type = any (:types::text[]))
)
select reward_type, coalesce(due, 0) as due, coalesce(waiting, 0) as waiting, low_codes, codes_left
from codes full join due using (reward_type) full join waiting using (reward_type)
order by reward_type
