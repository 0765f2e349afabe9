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
where {has_status} and given.id not in (select id from taken)
