-- What the dead letters of a batch say.
select n, location, problem,
  -- A letter has room for so many bytes; more would not have to leave the server.
  case when octet_length(event::text) <= 131072 then event::text
    when event is not null then jsonb_build_object('left_out', octet_length(event::text) || ' bytes')::text end as event,
  -- Two words each: the type is in quotes where it would not be clear where it ends.
  case when type ~ '[" ]' or type = 'malformed' then to_json(type)::text else type end || ' ' || id as item
from pg_temp.oneshot_staged where n = any (:events::integer[]) order by n
