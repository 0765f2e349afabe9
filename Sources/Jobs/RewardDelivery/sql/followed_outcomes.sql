-- What has become of them: counts, and each reward whose message has failed.
select type, method, state as outcome, count(*) as rewards, 0 as codes, null as reward_id, null as message
from decided where state <> 'failed' group by type, method, state
union all
select type, method, 'undelivered', 1, 0, reward_id,
  case when message_state is null then format('its message %s is no longer there', delivery_id)
    else format('its message %s ended as %s%s', delivery_id, message_state, ' (' || last_code || ')') end
from decided where state = 'failed'
