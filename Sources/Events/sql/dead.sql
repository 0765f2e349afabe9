-- What the dead letters of a batch say.
select n, location, problem, event::text as event,
  -- Two words each: the type is in quotes where it would not be clear where it ends.
  case when type ~ '[" ]' or type = 'malformed' then to_json(type)::text else type end || ' ' || id as item
from pg_temp.oneshot_staged where n = any (:events::integer[]) order by n
