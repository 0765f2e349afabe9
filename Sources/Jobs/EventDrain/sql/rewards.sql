-- handles: job.reward.deliver
-- fallback: true
--
-- Makes rewards due for reward-delivery: data has a reward_id. Rewards that have an outcome, or were taken back, stay as
-- they are.
with wanted as materialized (
  select n, data ->> 'reward_id' as reward_id, to_regclass('rewards') is not null as is_there from events
), missing as materialized (
  select oneshot.rewards_due(array(select distinct reward_id from wanted where is_there and reward_id <> '')) as reward_id
)
select n,
  case
    when not is_there then 'absent'
    when reward_id <> '' then 'retry'
    else 'reject' end as outcome,
  case
    when not is_there then 'there is no table rewards here'
    when reward_id <> '' then 'there is no such reward yet, or its status is one of the application''s own'
    else 'data has no reward_id' end as message
from wanted
where not is_there or coalesce(reward_id, '') = '' or reward_id in (select reward_id from missing)
