-- The next users who are due for a digest, and when they were due. Only users who had an item by then are due.
with waiting as (
  select user_id, min(queued_at) as oldest
  from oneshot.digest_items
  where digest_id is null and frequency = :frequency and user_id > :after_user
    and (hashtext(user_id)::bigint & 2147483647) % :shards = :shard
  group by user_id
  order by user_id
), chosen as (
  select user_id, oldest, coalesce(nullif(p.zone, ''), nullif({user_timezone}, ''), :zone) as zone,
    coalesce(p.hour, :hour) as hour, coalesce(p.minute, '0') as minute,
    coalesce(lower(nullif(p.weekday, '')), :weekday) as weekday
  from waiting
  join users as u on u.id = oneshot.as_type(user_id, null::{id_type})
  left join lateral (
    {preferences}
    limit 1) as p (zone, hour, minute, weekday, is_enabled) on true
), clocks as (
  -- An invalid preference counts as not set, and is reported.
  select user_id, oldest, case when is_zone then zone else :zone end as zone,
    make_time(
      (case when is_hour then hour else :hour end)::integer, (case when is_minute then minute else '0' end)::integer, 0
    ) as at_time,
    case when :frequency = 'weekly' then coalesce(day, :weekday::integer) end as weekday,
    concat_ws('; ',
      case when not is_zone then format('the time zone is "%s", which is no name of one', left(zone, 100)) end,
      case when not is_hour then format('the hour is "%s", not 0 to 23', left(hour, 100)) end,
      case when not is_minute then format('the minute is "%s", not 0 to 59', left(minute, 100)) end,
      case when day is null then format('the weekday is "%s", neither a name nor 1 to 7', left(weekday, 100)) end
    ) as problem
  from chosen
  cross join lateral (
    select lower(zone) = any (:zones::text[]) as is_zone, hour ~ '^([01]?[0-9]|2[0-3])$' as is_hour,
      minute ~ '^[0-5]?[0-9]$' as is_minute,
      coalesce(
        case when weekday ~ '^[1-7]$' then weekday::integer end,
        array_position(
          array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], weekday)) as day) as checked
)
select clocks.user_id, to_json(due_at) #>> '{}' as due_at, problem,
  :moment::timestamptz - due_at > :grace::interval as is_missed
from clocks
cross join lateral (select oneshot.digest_due(:moment, zone, at_time, weekday) as due_at) as due
left join oneshot.digest_state as state on (state.user_id, state.frequency) = (clocks.user_id, :frequency)
where due_at <= :moment and oldest <= due_at
  -- After a user has changed the time zone, only one of the two due times counts.
  and (state.user_id is null or due_at - last_due_at >= :half_period::interval)
order by clocks.user_id
limit :limit
