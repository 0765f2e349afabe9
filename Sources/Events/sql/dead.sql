-- The contents of the dead letters of a batch.
select n, location, problem,
  -- A letter has room for this many bytes; more need not leave the server.
  case when octet_length(event::text) <= 131072 then event::text
    when event is not null then jsonb_build_object('left_out', octet_length(event::text) || ' bytes')::text end as event,
  -- Two words each: the type is in quotes where its end would not be clear.
  case when type ~ '[" ]' or type = 'malformed' then to_json(type)::text else type end || ' ' || id as item
from pg_temp.oneshot_staged where n = any (:events::integer[]) order by n
