-- The free codes of a type, in the order in which they are given.
from oneshot.reward_codes as c
    where c.reward_type = {type} and reward_id is null and void_at is null and coalesce(valid_until, 'infinity') > :moment
