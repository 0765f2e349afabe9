-- notification-digest, plan
\set users '''{"17"}'''
\set dues '''{"2025-11-08T09:00:00Z"}'''
\set are_missed '''{"f"}'''
\set frequency '''weekly'''
\set other '''daily'''
\set skip_read 'false'
\set max_items '''20''::bigint'
\set min_items '''1''::bigint'
\set moment '''2025-11-08T09:00:00Z''::timestamptz'
prepare golden (unknown, unknown, unknown, unknown, unknown, boolean, bigint, bigint, timestamptz) as
-- Collects the waiting items of users who are due: an outcome for each user, and the content of their digests.
with due as materialized (
  select * from unnest($1::text[], $2::timestamptz[], $3::boolean[]) as due (user_id, due_at, is_missed)
), taken as materialized (
  select user_id from due
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
    from digest_preferences as p where p.user_id = u.id and p.frequency::text = $5
    limit 1) as o (zone, hour, minute, weekday, other_is_enabled) on true
), waiting as materialized (
  select a.user_id, i.notification_id, i.queued_at, coalesce(n.category::text, 'notification') as category,
    n.id is not null and not ($6 and read_at is not null) as is_new, n.type::text as type, n.title, n.body, n.data,
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
    ) filter (where place <= $7) as shown
  from placed group by user_id
), beyond as (
  select user_id, jsonb_agg(jsonb_build_object('category', category, 'count', items) order by latest desc, category) as categories
  from (
    select user_id, category, latest, count(*) as items from placed where place > $7 group by 1, 2, 3) as hidden
  group by user_id
), decided as materialized (
  select a.*, coalesce(items, 0) as items, first_item_at, last_item_at,
    jsonb_build_object('frequency', $4, 'due_at', due_at, 'total', items, 'items', shown)
      || case when items > $7
        then jsonb_build_object('more', items - $7, 'more_by_category', categories) else '{}' end as data,
    case
      when is_missed then 'missed'
      when not is_wanted then 'unwanted'
      when items is null then 'empty'
      when items < $8 then 'few'
      when address is null then 'no_address'
      when exists (
        select from oneshot.suppressions as s
        where s.address = lower(a.address) and category in ('*', 'digest') and (until is null or until > $9)
      ) then 'suppressed'
      when not oneshot.is_mail_address(address) then 'bad_address'
      else 'made'
    end as outcome
  from addressees as a
  left join contents using (user_id)
  left join beyond using (user_id)
)

-- The outcome of the users, and those without a valid address.
select outcome, count(*) as users, coalesce(sum(items) filter (where outcome = 'made'), 0)::bigint as items,
  count(*) filter (where outcome = 'made' and $9::timestamptz - due_at > interval '1 hour') as late,
  null as user_id
from decided where outcome <> 'bad_address' group by outcome
union all
select 'bad_address', 1, 0, 0, user_id from decided where outcome = 'bad_address'
union all
select 'removed', 0, count(*), 0, null from waiting where not is_new
;
execute golden (:users, :dues, :are_missed, :frequency, :other, :skip_read, :max_items, :min_items, :moment);
deallocate golden;
