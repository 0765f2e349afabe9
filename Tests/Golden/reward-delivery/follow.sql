-- reward-delivery, follow
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set reward_ids '''{"17"}'''
\set ids '''{"17"}'''
prepare golden (timestamptz, unknown, unknown) as
-- Notes what has become of messages, in the rows of their rewards and in the application's status, where that is as this job
-- has left it.
with taken as materialized (
  select d.reward_id, d.reward_type as type, d.method, d.delivery_id, d.state as old_state, -- What a reward's row (d) should say, by its message (m) and the reward itself (r).
case
    when d.state = 'no_code' then
      case when r.id is null or r.status::text not in ('no_code', 'due') or r.expires_at <= $1 then 'gone' else 'no_code' end
    when m.state = 'sent' then 'delivered'
    when m.state = 'held' then 'held'
    when m.state in ('queued', 'sending') then 'queued'
    -- The application has taken it back.
    when m.state = 'cancelled' and (r.id is null or r.status::text not in ('queued', 'held', 'failed', 'due')) then 'gone'
    else 'failed'
  end
 as state, r.id, r.status::text collate "C" as status,
    m.state as message_state, m.last_code
  from unnest($2::text[], $3::bigint[]) as given (reward_id, id)
  join oneshot.reward_deliveries as d using (reward_id)
  left join oneshot.deliveries as m on m.delivery_id = d.delivery_id
  left join rewards as r on r.id = given.id
  where d.state in ('queued', 'held', 'no_code', 'failed') and (d.state = 'no_code' or d.delivery_id is not null)
    and d.state <> -- What a reward's row (d) should say, by its message (m) and the reward itself (r).
case
    when d.state = 'no_code' then
      case when r.id is null or r.status::text not in ('no_code', 'due') or r.expires_at <= $1 then 'gone' else 'no_code' end
    when m.state = 'sent' then 'delivered'
    when m.state = 'held' then 'held'
    when m.state in ('queued', 'sending') then 'queued'
    -- The application has taken it back.
    when m.state = 'cancelled' and (r.id is null or r.status::text not in ('queued', 'held', 'failed', 'due')) then 'gone'
    else 'failed'
  end

  for no key update of d skip locked
), locked as materialized (
  select r.id
  from taken join rewards as r on r.id = taken.id
  where r.status::text collate "C" = old_state
  for no key update of r skip locked
), decided as materialized (
  -- Whoever has a reward locked may be changing its status.
  select *, status is not distinct from old_state as is_ours
  from taken where status is distinct from old_state or id in (select id from locked)
), noted as (
  update oneshot.reward_deliveries as d
  set state = decided.state, ended_at = case when decided.state in ('delivered', 'failed', 'gone') then $1::timestamptz end,
    reason = case when decided.state in ('failed', 'gone') then coalesce(message_state, 'gone') end
  from decided where d.reward_id = decided.reward_id
), marked as (
  update rewards as r set status = decided.state::text
  from decided
  where is_ours and r.id = decided.id and r.status::text collate "C" = old_state
  returning decided.reward_id, r.status::text collate "C" as status, decided.state
)

-- What has become of them: counts, and each reward whose message has failed.
select type, method, state as outcome, count(*) as rewards, 0 as codes, null as reward_id, null as message
from decided where state <> 'failed' group by type, method, state
union all
select type, method, 'undelivered', 1, 0, reward_id,
  case when message_state is null then format('its message %s is no longer there', delivery_id)
    else format('its message %s ended as %s%s', delivery_id, message_state, ' (' || last_code || ')') end
from decided where state = 'failed'

union all
-- Rewards whose new status a trigger has not let be.
select type, method, 'untouched', 1, 0, reward_id, null
from decided
where is_ours and status <> state and reward_id not in (select reward_id from marked where status = state)
;
execute golden (:moment, :reward_ids, :ids);
deallocate golden;
