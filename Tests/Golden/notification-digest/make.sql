-- notification-digest, make
\set users '''{"17"}'''
\set dues '''{"2025-11-08T09:00:00Z"}'''
\set are_missed '''{"f"}'''
\set frequency '''daily'''
\set half_period '''43200000 milliseconds'''
\set other '''weekly'''
\set skip_read 'false'
\set max_items '''20''::bigint'
\set min_items '''1''::bigint'
\set moment '''2025-11-08T09:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, unknown, boolean, bigint, bigint, timestamptz) as
-- Collects the waiting items of users who are due: an outcome for each user, and the content of their digests.
with due as materialized (
  select * from unnest($1::text[], $2::timestamptz[], $3::boolean[]) as due (user_id, due_at, is_missed)
), taken as materialized (
  select user_id
  from oneshot.digest_state as state join due using (user_id)
  where state.frequency = $4 and due_at - last_due_at >= $5::interval
  order by user_id
  for update of state
), addressees as materialized (
  select due.*, nullif(u.email::text, '') as address, u.locale::text as locale, coalesce(is_enabled, true) as is_wanted,
    coalesce(other_is_enabled, false) as other_is_wanted,
    'digest:' || $4 || ':' || due.user_id || ':'
      || to_char(due_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as dedup_key
  from due
  join taken using (user_id)
  join users as u on u.id = oneshot.as_type(due.user_id, null::bigint)
  left join lateral (
    select p.timezone::text, p.hour::text, p.minute::text, p.weekday::text, p.enabled::boolean
    from digest_preferences as p where p.user_id = u.id and p.frequency::text = $4
    limit 1) as p (zone, hour, minute, weekday, is_enabled) on true
  left join lateral (
    select p.timezone::text, p.hour::text, p.minute::text, p.weekday::text, p.enabled::boolean
    from digest_preferences as p where p.user_id = u.id and p.frequency::text = $6
    limit 1) as o (zone, hour, minute, weekday, other_is_enabled) on true
), waiting as materialized (
  select a.user_id, i.notification_id, i.queued_at, coalesce(n.category::text, 'notification') as category,
    n.id is not null and not ($7 and read_at is not null) as is_new, n.type::text as type, n.title, n.body, n.data,
    n.created_at
  from addressees as a
  join oneshot.digest_items as i on (i.user_id, i.frequency) = (a.user_id, $4) and i.digest_id is null
  left join notifications as n on n.id = oneshot.as_type(i.notification_id, null::bigint)
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
    ) filter (where place <= $8) as shown
  from placed group by user_id
), beyond as (
  select user_id, jsonb_agg(jsonb_build_object('category', category, 'count', items) order by latest desc, category) as categories
  from (
    select user_id, category, latest, count(*) as items from placed where place > $8 group by 1, 2, 3) as hidden
  group by user_id
), decided as materialized (
  select a.*, coalesce(items, 0) as items, first_item_at, last_item_at,
    jsonb_build_object('frequency', $4, 'due_at', due_at, 'total', items, 'items', shown)
      || case when items > $8
        then jsonb_build_object('more', items - $8, 'more_by_category', categories) else '{}' end as data,
    case
      when is_missed then 'missed'
      when not is_wanted then 'unwanted'
      when items is null then 'empty'
      when items < $9 then 'few'
      when address is null then 'no_address'
      when exists (
        select from oneshot.suppressions as s
        where s.address = lower(a.address) and category in ('*', 'digest') and (until is null or until > $10)
      ) then 'suppressed'
      when not oneshot.is_mail_address(address) then 'bad_address'
      else 'made'
    end as outcome
  from addressees as a
  left join contents using (user_id)
  left join beyond using (user_id)
)
,
-- Writes the digests, and removes their items from those that wait.
written as (
  insert into oneshot.digests (
    digest_id, user_id, frequency, due_at, items, first_item_at, last_item_at, delivery_id, made_at)
  select oneshot.delivery_id(dedup_key), user_id, $4, due_at, items, first_item_at, last_item_at,
    oneshot.delivery_id(dedup_key), $10
  from decided where outcome = 'made'
), requested as (
  insert into oneshot.deliveries (
    dedup_key, channel, category, recipient, user_id, locale, template, data, on_doubt, expires_at)
  select dedup_key, 'email', 'digest', address, user_id, locale, 'digest', data, 'hold', due_at + 2 * $5::interval
  from decided where outcome = 'made'
), collected as (
  update oneshot.digest_items as i set digest_id = oneshot.delivery_id(dedup_key)
  from decided join waiting using (user_id)
  where outcome = 'made' and is_new
    and (i.user_id, i.frequency, i.notification_id) = (decided.user_id, $4, waiting.notification_id)
), removed as (
  -- Items of notifications that are gone, or were read.
  delete from oneshot.digest_items as i
  using waiting
  where not is_new
    and (i.user_id, i.frequency, i.notification_id) = (waiting.user_id, $4, waiting.notification_id)
), changed as (
  -- The waiting items of users who have chosen the other frequency move to that one.
  update oneshot.digest_items as i set frequency = $6
  from decided
  where outcome = 'unwanted' and other_is_wanted and (i.user_id, i.frequency) = (decided.user_id, $4)
    and i.digest_id is null and not exists (
      select from oneshot.digest_items as there
      where (there.user_id, there.frequency, there.notification_id) = (i.user_id, $6, i.notification_id))
), moved as (
  update oneshot.digest_state as state
  set last_due_at = due_at, last_digest_at = case when outcome = 'made' then $10 else last_digest_at end
  from decided
  where (state.user_id, state.frequency) = (decided.user_id, $4)
)

-- The outcome of the users, and those without a valid address.
select outcome, count(*) as users, coalesce(sum(items) filter (where outcome = 'made'), 0)::bigint as items,
  count(*) filter (where outcome = 'made' and $10::timestamptz - due_at > interval '1 hour') as late,
  null as user_id
from decided where outcome <> 'bad_address' group by outcome
union all
select 'bad_address', 1, 0, 0, user_id from decided where outcome = 'bad_address'
union all
select 'removed', 0, count(*), 0, null from waiting where not is_new
;
execute golden (:users, :dues, :are_missed, :frequency, :half_period, :other, :skip_read, :max_items, :min_items, :moment);
deallocate golden;
