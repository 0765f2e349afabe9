-- The states that the status of a reward does not take as they are: its type is too short, or its constraints refuse them.
-- An enumeration without one of them raises.
select state
from (
  select state, state::{whole_status_type} as status
  from unnest(:states::text[]) as given (state)) as rewards
where status::text <> state or not (true{status_rules})
