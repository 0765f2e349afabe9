-- Stages the entries of a source.
select entry.n, entry.location, null::text as known_id, coalesce(entry.id, entry.location) as fallback_id, 1 as attempt,
  parsed.event, parsed.happened_at, coalesce(entry.problem, parsed.problem) as problem
from unnest(:locations::text[], :ids::text[], :payloads::text[], :are_fields::boolean[], :problems::text[])
  with ordinality as entry (location, id, payload, is_fields, problem, n)
cross join lateral oneshot.event_read(entry.payload, entry.is_fields) as parsed
