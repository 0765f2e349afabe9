-- Notes what has become of messages, in the rows of their rewards and in the application's status, where that is as this job
-- has left it.
with taken as materialized (
  select d.reward_id, d.reward_type as type, d.method, d.delivery_id, d.state as old_state, {outcome} as state, r.id, r.status::text collate "C" as status,
    m.state as message_state, m.last_code
  from unnest(:reward_ids::text[], :ids::{id_type}[]) as given (reward_id, id)
  join oneshot.reward_deliveries as d using (reward_id)
  left join oneshot.deliveries as m on m.delivery_id = d.delivery_id
  left join rewards as r on r.id = given.id
  where d.state in ('queued', 'held', 'no_code', 'failed') and (d.state = 'no_code' or d.delivery_id is not null)
    and d.state <> {outcome}
  {locking_deliveries}
), locked as materialized (
  select r.id
  from taken join rewards as r on r.id = taken.id
  where r.status::text collate "C" = old_state
  {locking_rewards}
), decided as materialized (
  -- Whoever has a reward locked may be changing its status.
  select *, status is not distinct from old_state as is_ours
  from taken where status is distinct from old_state or id in (select id from locked)
), noted as (
  update oneshot.reward_deliveries as d
  set state = decided.state, ended_at = case when decided.state in ('delivered', 'failed', 'gone') then :moment::timestamptz end,
    reason = case when decided.state in ('failed', 'gone') then coalesce(message_state, 'gone') end
  from decided where d.reward_id = decided.reward_id
), marked as (
  update rewards as r set status = decided.state::{status_type}
  from decided
  where is_ours and r.id = decided.id and r.status::text collate "C" = old_state
  returning decided.reward_id, r.status::text collate "C" as status, decided.state
)
