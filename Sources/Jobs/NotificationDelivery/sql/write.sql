-- Writes what was decided. A row may exist already after a restore, and then stays as it is.
shown as (
  insert into oneshot.notification_inbox (user_id, notification_id, category, arrived_at)
  select user_id, notification_id, category, :moment
  from decided where kind = 'in_app' and outcome_kept = 'immediate'
  on conflict do nothing
), requested as (
  insert into oneshot.deliveries (
    dedup_key, channel, category, recipient, user_id, locale, template, data, on_doubt, not_before, expires_at)
  select dedup_key, kind,
    -- A mail of a category that nobody can unsubscribe from has no link to unsubscribe, and no unsubscription holds it
    -- back.
    case when can_be_left or kind = 'webhook' then category else 'transactional' end,
    coalesce(endpoint_id, address), user_id, locale,
    case when kind = 'email' then template else 'notification.created' end, {data},
    case when kind = 'email' then on_doubt else 'again' end, case when final = 'quiet' then quiet_until end, expires_at
  from decided where kind <> 'in_app' and final in ('immediate', 'quiet')
  on conflict do nothing
), items as (
  insert into oneshot.digest_items (user_id, frequency, notification_id, queued_at)
  select user_id, case final when 'overflow' then 'daily' else final end, notification_id, :moment
  from decided where final in ('daily', 'weekly', 'overflow')
  on conflict do nothing
), replaced_mails as (
  update oneshot.deliveries as d set data = {data}
  from decided where final = 'collapsed' and d.delivery_id = old_delivery_id
), replaced_items as (
  update oneshot.digest_items as i set notification_id = replacing.notification_id
  from replacing
  where replacing.delivery_id is null
    and (i.user_id, i.frequency, i.notification_id) = (replacing.user_id, replacing.frequency, replacing.old_id)
), noted as (
  insert into oneshot.notification_outcomes (
    notification_id, channel, outcome, delivery_id, decided_at, user_id, category, due_at, collapse_key)
  select notification_id, channel, outcome_kept,
    case when kind = 'in_app' then null when final in ('immediate', 'quiet') then oneshot.delivery_id(dedup_key)
      when final = 'collapsed' then old_delivery_id end,
    :moment, user_id, category,
    case when kind = 'email' then case final when 'immediate' then :moment when 'quiet' then quiet_until end end,
    collapse_key
  from decided where outcome_kept is not null
  union all
  select distinct notification_id, '*', 'gone', null::uuid, :moment, null, null, null::timestamptz, null
  from taken where user_id is null
  on conflict do nothing
), removed as (
  delete from oneshot.notification_pending where notification_id in (select pending_id from taken)
)
