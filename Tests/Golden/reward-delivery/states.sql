-- reward-delivery, states
\set states '''{"queued","delivered","failed","held","no_code","gone"}'''
prepare golden (unknown) as
-- The states that the status of a reward does not take as they are: its type is too short, or its constraints refuse them.
-- An enumeration without one of them raises.
select state
from (
  select state, state::character varying(12) as status
  from unnest($1::text[]) as given (state)) as rewards
where status::text <> state or not (true and (status <> ''))
;
execute golden (:states);
deallocate golden;
