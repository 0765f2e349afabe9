-- Rewards whose new status a trigger has not let be.
select type, method, 'untouched', 1, 0, reward_id, null
from decided
where is_ours and status <> state and reward_id not in (select reward_id from marked where status = state)
