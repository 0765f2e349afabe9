-- Collects the waiting items of users who are due: an outcome for each user, and the content of their digests.
with due as materialized (
  select * from unnest(:users::text[], :dues::timestamptz[], :are_missed::boolean[]) as due (user_id, due_at, is_missed)
), taken as materialized (
  {taken}
), addressees as materialized (
  select due.*, nullif(u.email::text, '') as address, {locale} as locale, coalesce(is_enabled, true) as is_wanted,
    coalesce(other_is_enabled, false) as other_is_wanted,
    'digest:' || :frequency || ':' || due.user_id || ':'
      || to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as dedup_key
  from due
  join taken using (user_id)
  join users as u on u.id = oneshot.as_type(due.user_id, null::{user_id_type})
  left join lateral (
    {preferences}
    limit 1) as p (zone, hour, minute, weekday, is_enabled) on true
  left join lateral (
    {other_preferences}
    limit 1) as o (zone, hour, minute, weekday, other_is_enabled) on true
), waiting as materialized (
  select a.user_id, i.notification_id, i.queued_at, coalesce(n.category::text, 'notification') as category,
    n.id is not null and not (:skip_read and read_at is not null) as is_new, n.type::text as type, n.title, n.body, n.data,
    n.created_at
  from addressees as a
  join oneshot.digest_items as i on (i.user_id, i.frequency) = (a.user_id, :frequency) and i.digest_id is null
  left join notifications as n on n.id = oneshot.as_type(i.notification_id, null::{id_type})
  left join oneshot.notification_inbox as shown on (shown.user_id, shown.notification_id) = (i.user_id, i.notification_id)
  where not is_missed and is_wanted
), placed as (
  select waiting.*, row_number() over (partition by user_id order by created_at desc, notification_id desc) as place,
    max(created_at) over (partition by user_id, category) as latest
  from waiting where is_new
), contents as (
  select user_id, count(*) as items, min(queued_at) as first_item_at, max(queued_at) as last_item_at,
    jsonb_agg(
      jsonb_build_object(
        'notification_id', notification_id, 'type', type, 'category', category, 'text', coalesce(title::text, body::text, ''),
        'title', coalesce(title::text, ''), 'body', coalesce(body::text, ''), 'data', data, 'created_at', created_at)
      order by latest desc, category, created_at desc, notification_id desc
    ) filter (where place <= :max_items) as shown
  from placed group by user_id
), beyond as (
  select user_id, jsonb_agg(jsonb_build_object('category', category, 'count', items) order by latest desc, category) as categories
  from (
    select user_id, category, latest, count(*) as items from placed where place > :max_items group by 1, 2, 3) as hidden
  group by user_id
), decided as materialized (
  select a.*, coalesce(items, 0) as items, first_item_at, last_item_at,
    jsonb_build_object('frequency', :frequency, 'due_at', due_at, 'total', items, 'items', shown)
      || case when items > :max_items
        then jsonb_build_object('more', items - :max_items, 'more_by_category', categories) else '{}' end as data,
    case
      when is_missed then 'missed'
      when not is_wanted then 'unwanted'
      when items is null then 'empty'
      when items < :min_items then 'few'
      when address is null then 'no_address'
      when exists (
        select from oneshot.suppressions as s
        where s.address = lower(a.address) and category in ('*', 'digest') and (until is null or until > :moment)
      ) then 'suppressed'
      when not oneshot.is_mail_address(address) then 'bad_address'
      else 'made'
    end as outcome
  from addressees as a
  left join contents using (user_id)
  left join beyond using (user_id)
)
