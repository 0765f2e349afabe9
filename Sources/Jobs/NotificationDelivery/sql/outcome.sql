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
