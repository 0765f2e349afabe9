-- notification-delivery, plan
\set pending_ids '''{"17"}'''
\set ids '''{"17"}'''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set with_webhooks 'false'
\set too_old '''2025-11-07T02:00:00Z''::timestamptz'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set quiet_from '''22:00'''
\set quiet_until '''07:00'''
\set max_within '''3600000 milliseconds'''
\set max_emails '''10''::bigint'
prepare golden (unknown, unknown, bigint, bigint, boolean, timestamptz, timestamptz, unknown, unknown, unknown, bigint) as
-- Decides where notifications go: one row for each and each of its channels, unless that was decided before.
with given as materialized (
  select pending_id, place, coalesce(n.id::text, pending_id) as notification_id,
    u.id as user_key, u.id::text as user_id, nullif(u.email::text, '') as address, u.locale::text as locale,
    coalesce(nullif(u.timezone::text, ''), 'UTC') as zone, n.type::text as type,
    coalesce(n.category::text, 'notification') as category, n.title, n.body, n.data, n.created_at,
    nullif(n.collapse_key::text, '') as collapse_key, n.expires_at as expires_at
  from unnest($1::text[], $2::bigint[]) with ordinality as pending (pending_id, id, place)
  left join notifications as n on n.id = pending.id
  left join users as u on u.id = n.user_id
  -- All notifications of a user are in one share; a missing one is in the share of its own id.
  where (hashtext(coalesce(n.user_id::text, pending_id))::bigint & 2147483647) % $3 = $4
), taken as materialized (
  select given.*
  from given join oneshot.notification_pending as pending on pending.notification_id = pending_id
  
), fresh as materialized (
  -- One may be pending under two spellings of its id.
  select distinct on (notification_id) taken.*,
    coalesce(c.can_be_left, true) as can_be_left, coalesce(c.in_app, 'immediate') as in_app,
    coalesce(c.email, 'immediate') as email, coalesce(c.webhook, 'off') as webhook,
    coalesce(c.on_doubt, 'hold') as on_doubt, coalesce(c.template, 'notification') as template,
    c.category is not null as is_known
  from taken left join oneshot.notification_categories as c using (category)
  where user_id is not null
  order by notification_id, place
), preferred as materialized (
  select user_id::text as user_id, category::text as category, channel::text as kind, min(mode::text) as mode
  from notification_preferences
  where user_id in (select user_key from fresh)
  group by 1, 2, 3
), channels as (
  select 'in_app' as channel, 'in_app' as kind, null as endpoint_id
  union all select 'email', 'email', null
  union all
  select 'webhook:' || endpoint_id, 'webhook', endpoint_id
  from oneshot.webhook_endpoints
  where $5 and disabled_at is null
    and (types = '{}' or types && array['notification.created', 'notification.*', '*'])
), asked as materialized (
  select fresh.*, channel, kind, endpoint_id, coalesce(case when can_be_left then preferred.mode end, standard) as mode,
    case when can_be_left and preferred.mode is not null then 'notification_preferences.mode'
      else 'notification_categories.' || kind end as mode_column
  from fresh
  cross join channels
  cross join lateral (select case kind when 'in_app' then in_app when 'email' then email else webhook end) as s (standard)
  left join preferred using (user_id, category, kind)
  left join oneshot.notification_outcomes as decided using (notification_id, channel)
  where decided.notification_id is null
), first_judged as (
  -- The outcome of each notification by itself.
  select asked.*, case
      when kind <> 'in_app' and (created_at < $6 or expires_at <= $7) then 'too_old'
      when mode not in ('off', 'immediate') and (kind <> 'email' or mode not in ('daily', 'weekly')) then 'bad_mode'
      when mode = 'off' then 'off'
      when kind <> 'email' then 'immediate'
      when can_be_left then null
      when address is null then 'no_address'
      when not oneshot.is_mail_address(address) then 'bad_address'
      else 'immediate'
    end as outcome
  from asked
), collapsing as materialized (
  -- Of notifications that replace each other, the last one stands for all.
  select notification_id, user_id, category, collapse_key,
    row_number() over (partition by user_id, category, collapse_key order by created_at desc, place desc) = 1 as is_last
  from first_judged where outcome is null and collapse_key is not null
), unsent as materialized (
  select c.notification_id, d.delivery_id
  from collapsing as c
  join oneshot.notification_outcomes as o using (user_id, category, collapse_key)
  join oneshot.deliveries as d using (delivery_id)
  where is_last and o.decided_at > $7::timestamptz - interval '32 days' and o.channel = 'email'
    and d.state = 'queued' and d.attempts = 0
  
), undigested as materialized (
  select c.notification_id, i.user_id, i.frequency, i.notification_id as old_id
  from collapsing as c
  join oneshot.notification_outcomes as o using (user_id, category, collapse_key)
  join oneshot.digest_items as i on i.notification_id = o.notification_id and i.user_id = o.user_id
  where is_last and o.decided_at > $7::timestamptz - interval '32 days' and o.channel = 'email'
    and i.digest_id is null
  
), replacing as materialized (
  -- The e-mail, or else the item, that the last one replaces.
  select distinct on (notification_id) notification_id, delivery_id, user_id, frequency, old_id
  from (
    select notification_id, delivery_id, null as user_id, null as frequency, null as old_id from unsent
    union all select notification_id, null, user_id, frequency, old_id from undigested) as found
  order by notification_id, delivery_id nulls last, old_id
), zones as materialized (
  select zone, (
    -- The end of the quiet hours that the moment is in, if it is in any.
    select max(until) from (values (-1), (0)) as day (days)
    cross join lateral (select ($7::timestamptz at time zone zone)::date + days) as d (date)
    cross join lateral (select
      (date + $8::time) at time zone zone,
      (date + ($9::time <= $8::time)::integer + $9::time) at time zone zone) as night (since, until)
    where since <= $7 and $7 < until) as quiet_until
  from oneshot.known_time_zones(
    case when $8::time is not null then array(select distinct zone from fresh) else '{}' end) as zone
), second_judged as (
  select first_judged.*, replacing.delivery_id as old_delivery_id, quiet_until, case
      when outcome is not null then outcome
      when not is_last or replacing.notification_id is not null then 'collapsed'
      when mode <> 'immediate' then mode
      when address is null then 'no_address'
      when exists (
        select from oneshot.suppressions as s
        where s.address = lower(first_judged.address) and s.category in ('*', first_judged.category)
          and (until is null or until > $7)) then 'suppressed'
      when not oneshot.is_mail_address(address) then 'bad_address'
      when $8::time is not null and zones.zone is null then 'bad_zone'
      when quiet_until >= expires_at then 'too_old'
    end as outcome_now
  from first_judged
  left join collapsing using (notification_id)
  left join replacing using (notification_id)
  left join zones using (zone)
), mailed as materialized (
  -- How many e-mails a user has, or will have, in the time before the next one.
  select user_id, count(*) as emails
  from (select distinct user_id, coalesce(quiet_until, $7) as due_at from second_judged where outcome_now is null) as next
  join oneshot.notification_outcomes as o using (user_id)
  where o.due_at > next.due_at - $10::interval and o.due_at <= next.due_at
  group by user_id
), counted as (
  select second_judged.*, coalesce(emails, 0)
      + count(*) filter (where kind = 'email' and outcome_now = 'immediate') over (partition by user_id)
      + row_number() over (partition by user_id, outcome_now is null order by place) as number
  from second_judged left join mailed using (user_id)
), decided as materialized (
  select counted.*, final, 'notification:' || notification_id || ':' || channel as dedup_key,
    -- A channel with a mistake is decided once it is corrected, but the notification is shown at once.
    case when final !~ '^bad_' then final when kind = 'in_app' then 'immediate' end as outcome_kept
  from counted
  cross join lateral (select case
      when outcome_now is not null then outcome_now
      when number > $11 then 'overflow'
      when quiet_until is not null then 'quiet'
      else 'immediate'
    end) as f (final)
)

-- The outcome: counts, and what is wrong with some notifications.
select category, kind, outcome_kept as outcome, count(*) as notifications, bool_and(is_known) as is_known,
  null as notification_id, null as message
from decided where outcome_kept is not null group by category, kind, outcome_kept
union all
select min(category), null, 'failed', 1, bool_and(is_known), notification_id,
  string_agg(distinct case final
    when 'bad_mode' then format('%s of the category %s is "%s", not %s', mode_column, category, left(mode, 100),
      case kind when 'email' then 'off, immediate, daily or weekly' else 'off or immediate' end)
    when 'bad_address' then 'users.email is not a valid address'
    else format('users.timezone is "%s", which is no name of a time zone', left(zone, 100))
  end, '; ')
from decided where final ~ '^bad_' group by notification_id
union all
select null, null, 'gone', count(distinct notification_id), null, null, null from taken where user_id is null
union all
select null, null, 'taken', count(*), null, null, null from taken
union all
select null, null, 'busy', (select count(*) from given) - (select count(*) from taken), null, null, null
;
execute golden (:pending_ids, :ids, :shards, :shard, :with_webhooks, :too_old, :moment, :quiet_from, :quiet_until, :max_within, :max_emails);
deallocate golden;
