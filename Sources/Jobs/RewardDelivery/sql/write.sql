-- Writes what was decided: a reward's code, message, outcome and status, together.
codes_given as (
  update oneshot.reward_codes as c set reward_id = decided.reward_id, given_at = :moment
  from decided
  where is_new_code and (c.reward_type, c.code) = (decided.type, decided.code)
), requested as (
  insert into oneshot.deliveries (
    dedup_key, channel, recipient, user_id, locale, template, data, on_doubt, expires_at)
  select dedup_key, method, case method when 'email' then address else endpoint_id end, user_id::text, locale,
    case method when 'email' then template else 'reward.granted' end,
    jsonb_strip_nulls(
      jsonb_build_object(
        'reward_id', reward_id, 'user_id', user_id::text, 'campaign_id', campaign_id::text, 'type', type, 'code', code)
      || case method when 'email' then jsonb_build_object('reward', coalesce(title, type), 'name', name) else '{}' end),
    case method when 'email' then :on_doubt else 'again' end, least(expires_at, valid_until)
  from decided where final = 'queued'
), noted as (
  insert into oneshot.reward_deliveries (
    reward_id, reward_type, method, state, delivery_id, requests, decided_at, ended_at, reason)
  select reward_id, coalesce(type, ''), coalesce(method, ''), state, oneshot.delivery_id(dedup_key),
    (final = 'queued')::integer, :moment, case when state in ('failed', 'gone') then :moment::timestamptz end,
    case when final <> state then final end
  from decided where old_state is null
), noted_again as (
  update oneshot.reward_deliveries as d
  set reward_type = coalesce(type, ''), method = coalesce(decided.method, ''), state = decided.state,
    delivery_id = coalesce(oneshot.delivery_id(dedup_key), delivery_id),
    requests = d.requests + (final = 'queued')::integer, decided_at = :moment,
    ended_at = case when decided.state in ('failed', 'gone') then :moment::timestamptz end,
    reason = case when final <> decided.state then final end
  from decided
  where d.reward_id = decided.reward_id and final <> 'known' and (final, old_state) <> ('no_code', 'no_code')
), marked as (
  update rewards as r set status = decided.state::{status_type}
  from decided
  where r.id = decided.id and r.status::text collate "C" <> decided.state
  returning decided.reward_id, r.status::text collate "C" as status, decided.state
)
