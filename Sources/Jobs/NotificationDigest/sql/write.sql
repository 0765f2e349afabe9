-- Writes the digests, and removes their items from those that wait.
written as (
  insert into oneshot.digests (
    digest_id, user_id, frequency, due_at, items, first_item_at, last_item_at, delivery_id, made_at)
  select oneshot.delivery_id(dedup_key), user_id, :frequency, due_at, items, first_item_at, last_item_at,
    oneshot.delivery_id(dedup_key), :moment
  from decided where outcome = 'made'
), requested as (
  insert into oneshot.deliveries (
    dedup_key, channel, category, recipient, user_id, locale, template, data, on_doubt, expires_at)
  select dedup_key, 'email', 'digest', address, user_id, locale, 'digest', data, 'hold', due_at + 2 * :half_period::interval
  from decided where outcome = 'made'
), collected as (
  update oneshot.digest_items as i set digest_id = oneshot.delivery_id(dedup_key)
  from decided join waiting using (user_id)
  where outcome = 'made' and is_new
    and (i.user_id, i.frequency, i.notification_id) = (decided.user_id, :frequency, waiting.notification_id)
), removed as (
  -- Items of notifications that are gone, or were read.
  delete from oneshot.digest_items as i
  using waiting
  where not is_new
    and (i.user_id, i.frequency, i.notification_id) = (waiting.user_id, :frequency, waiting.notification_id)
), changed as (
  -- The waiting items of users who have chosen the other frequency move to that one.
  update oneshot.digest_items as i set frequency = :other
  from decided
  where outcome = 'unwanted' and other_is_wanted and (i.user_id, i.frequency) = (decided.user_id, :frequency)
    and i.digest_id is null and not exists (
      select from oneshot.digest_items as there
      where (there.user_id, there.frequency, there.notification_id) = (i.user_id, :other, i.notification_id))
), moved as (
  update oneshot.digest_state as state
  set last_due_at = due_at, last_digest_at = case when outcome = 'made' then :moment else last_digest_at end
  from decided
  where (state.user_id, state.frequency) = (decided.user_id, :frequency)
)
