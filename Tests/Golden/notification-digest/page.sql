-- notification-digest, page
\set frequency '''daily'''
\set after_user ''''''
\set shards '''1''::bigint'
\set shard '''0''::bigint'
\set zone '''UTC'''
\set hour '''9'''
\set weekday '''1'''
\set zones '''{"utc","europe/berlin"}'''
\set moment '''2025-11-08T09:00:00Z''::timestamptz'
\set grace '''21600000 milliseconds'''
\set half_period '''43200000 milliseconds'''
\set limit '''50''::bigint'
prepare golden (unknown, unknown, bigint, bigint, unknown, unknown, unknown, unknown, timestamptz, unknown, unknown, bigint) as
-- The next users who are due for a digest, and when they were due. Only users who had an item by then are due.
with waiting as (
  select user_id, min(queued_at) as oldest
  from oneshot.digest_items
  where digest_id is null and frequency = $1 and user_id > $2
    and (hashtext(user_id)::bigint & 2147483647) % $3 = $4
  group by user_id
  order by user_id
), chosen as (
  select user_id, oldest, coalesce(nullif(p.zone, ''), nullif(u.timezone::text, ''), $5) as zone,
    coalesce(p.hour, $6) as hour, coalesce(p.minute, '0') as minute,
    coalesce(lower(nullif(p.weekday, '')), $7) as weekday
  from waiting
  join users as u on u.id = oneshot.as_type(user_id, null::bigint)
  left join lateral (
    select p.timezone::text, p.hour::text, p.minute::text, p.weekday::text, p.enabled::boolean
    from digest_preferences as p where p.user_id = u.id and p.frequency::text = $1
    limit 1) as p (zone, hour, minute, weekday, is_enabled) on true
), clocks as (
  -- An invalid preference counts as not set, and is reported.
  select user_id, oldest, case when is_zone then zone else $5 end as zone,
    make_time(
      (case when is_hour then hour else $6 end)::integer, (case when is_minute then minute else '0' end)::integer, 0
    ) as at_time,
    case when $1 = 'weekly' then coalesce(day, $7::integer) end as weekday,
    concat_ws('; ',
      case when not is_zone then format('the time zone is "%s", which is no name of one', left(zone, 100)) end,
      case when not is_hour then format('the hour is "%s", not 0 to 23', left(hour, 100)) end,
      case when not is_minute then format('the minute is "%s", not 0 to 59', left(minute, 100)) end,
      case when day is null then format('the weekday is "%s", neither a name nor 1 to 7', left(weekday, 100)) end
    ) as problem
  from chosen
  cross join lateral (
    select lower(zone) = any ($8::text[]) as is_zone, hour ~ '^([01]?[0-9]|2[0-3])$' as is_hour,
      minute ~ '^[0-5]?[0-9]$' as is_minute,
      coalesce(
        case when weekday ~ '^[1-7]$' then weekday::integer end,
        array_position(
          array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'], weekday)) as day) as checked
)
select clocks.user_id, to_json(due_at) #>> '{}' as due_at, problem,
  $9::timestamptz - due_at > $10::interval as is_missed
from clocks
cross join lateral (select oneshot.digest_due($9, zone, at_time, weekday) as due_at) as due
left join oneshot.digest_state as state on (state.user_id, state.frequency) = (clocks.user_id, $1)
where due_at <= $9 and oldest <= due_at
  -- After a user has changed the time zone, only one of the two due times counts.
  and (state.user_id is null or due_at - last_due_at >= $11::interval)
order by clocks.user_id
limit $12
;
execute golden (:frequency, :after_user, :shards, :shard, :zone, :hour, :weekday, :zones, :moment, :grace, :half_period, :limit);
deallocate golden;
