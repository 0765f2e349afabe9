-- What the dead letters of a batch say.
select n, type, id, location, problem, event::text as event
from pg_temp.oneshot_staged where n = any (:events::integer[]) order by n
