-- reward-delivery, plan
\set ids '''{"17"}'''
\set statuses '''{"due","no_code"}'''
\set is_replay 'false'
\set moment '''2025-11-08T02:00:00Z''::timestamptz'
\set too_old '''2025-10-09T02:00:00Z''::timestamptz'
\set short '''{"gold"}'''
\set waits 'true'
prepare golden (unknown, unknown, boolean, timestamptz, timestamptz, unknown, boolean) as
-- Decides on rewards, and chooses codes for those that need one.
with given as materialized (
  select id, place from unnest($1::bigint[]) with ordinality as given (id, place)
), taken as materialized (
  select r.id, r.id::text collate "C" as reward_id, place, r.user_id, r.campaign_id, r.type::text collate "C" as type,
    r.method::text collate "C" as method, r.status::text collate "C" as status, r.earned_at, r.expires_at as expires_at
  from given join rewards as r on r.id = given.id
  where -- Whether a reward (r) has a status that counts. What its column takes for "due" is: upper case in citext.
(r.status::text = any ($2::text[]) or r.status = 'due')

  order by place
  
), known as materialized (
  select taken.*, d.state as old_state, coalesce(requests, 0) as requests, u.id is not null as has_user,
    nullif(u.email::text collate "C", '') as address, u.locale::text as locale, u.name::text as name, t.reward_type is not null as has_type,
    coalesce(needs_code, false) as needs_code, template, title, e.endpoint_id, e.disabled_at,
    types = '{}' or types && array['reward.granted', 'reward.*', '*'] as is_wanted,
    own.code as own_code, own.valid_until as own_valid_until, own.void_at as own_void_at
  from taken
  left join users as u on u.id = taken.user_id
  left join oneshot.reward_deliveries as d using (reward_id)
  left join oneshot.reward_types as t on t.reward_type = taken.type
  left join oneshot.webhook_endpoints as e on e.endpoint_id = t.endpoint_id
  left join oneshot.reward_codes as own on own.reward_id = taken.reward_id
), judged as materialized (
  select known.*, case
      when old_state <> 'no_code' and not ($3 and old_state = 'failed') then 'known'
      when expires_at <= $4 then 'expired'
      when not has_user then 'no_user'
      when not has_type then 'bad_type'
      when method is null or method not in ('email', 'webhook') then 'bad_method'
      when method = 'email' and address is null then 'no_address'
      when method = 'email' and not oneshot.is_mail_address(address) then 'bad_address'
      when method = 'webhook' and (endpoint_id is null or disabled_at is not null or not is_wanted) then 'no_endpoint'
      when old_state is null and not $3 and earned_at is null then 'bad_time'
      when old_state is null and not $3 and earned_at < $5 then 'too_old'
      when own_code is not null and (own_void_at is not null or own_valid_until <= $4) then 'spent_code'
      when own_code is not null or not needs_code then 'queued'
    end as outcome
  from known
), wanting as materialized (
  select judged.*, case when outcome is null and type <> all ($6::text[])
      then row_number() over (partition by outcome is null, type order by place) end as number
  from judged
), free as materialized (
  select type, array_agg(code order by coalesce(valid_until, 'infinity'), code) as codes,
    array_agg(valid_until order by coalesce(valid_until, 'infinity'), code) as valid_untils
  from (select type, max(number) as wanted from wanting where number is not null group by type) as types
  cross join lateral (
    select code, valid_until
    -- The free codes of a type, in the order in which they are given.
from oneshot.reward_codes as c
    where c.reward_type = types.type and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > $4

    order by coalesce(valid_until, 'infinity'), code
    limit wanted
    
  ) as c
  group by type
), decided as materialized (
  select wanting.*, coalesce(own_code, codes[number]) as code, coalesce(own_valid_until, valid_untils[number]) as valid_until,
    codes[number] is not null as is_new_code, state, final, true as is_ours,
    case when final = 'queued' then 'reward:' || reward_id ||
      -- Where an id has a colon, the number is always there: else the second message of "a" would be the first of "a:2".
      case when requests > 0 or reward_id like '%:%' then ':' || requests + 1 else '' end
    end as dedup_key
  from wanting
  left join free using (type)
  cross join lateral (
    select coalesce(outcome, case when codes[number] is not null then 'queued' when $7 then 'no_code' else 'out_of_codes' end)
      as final) as f
  cross join lateral (
    select case when final in ('queued', 'no_code') then final when final = 'known' then old_state
      when final in ('expired', 'no_user') then 'gone' else 'failed' end as state) as s
)

-- What has become of them: counts, and each reward that something is wrong with.
select type, method, final as outcome, count(*) as rewards, count(*) filter (where is_new_code) as codes,
  null as reward_id, null as message
from decided
where final in ('queued', 'no_code', 'expired', 'no_user', 'known')
group by type, method, final
union all
select type, method, final, 1, 0, reward_id,
  case final
    when 'bad_type' then format('oneshot.reward_types has no type "%s"', left(type, 100))
    when 'bad_method' then format('rewards.method is "%s", neither email nor webhook', left(method, 100))
    when 'no_address' then 'its user has no address in users.email'
    when 'bad_address' then 'users.email is not a valid address'
    when 'no_endpoint' then format(
      'its type "%s" names no endpoint that is enabled and takes reward.granted', left(type, 100))
    when 'bad_time' then 'rewards.earned_at is null'
    when 'too_old' then format('it was earned at %s', to_json(earned_at::timestamptz) #>> '{}')
    when 'spent_code' then 'its code is void or has expired'
    when 'out_of_codes' then format('its type "%s" has no free code', left(type, 100))
  end
from decided
where final not in ('queued', 'no_code', 'expired', 'no_user', 'known')
union all
select r.type::text collate "C", null, 'locked', 1, 0, r.id::text collate "C", null
from given join rewards as r on r.id = given.id
where -- Whether a reward (r) has a status that counts. What its column takes for "due" is: upper case in citext.
(r.status::text = any ($2::text[]) or r.status = 'due')
 and given.id not in (select id from taken)
;
execute golden (:ids, :statuses, :is_replay, :moment, :too_old, :short, :waits);
deallocate golden;
