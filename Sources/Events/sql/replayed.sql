-- Dead letters that are replayed: as they are remembered, or else as the letter has them. What is no longer dead needs
-- nothing.
select letter.n, coalesce(letter.payload ->> 'location', letter.id) as location, letter.id as known_id,
  letter.id as fallback_id, 1 as attempt, parsed.event, parsed.happened_at, parsed.problem
from (
  select n, payload::jsonb as payload,
    case when starts_with(item, 'malformed ') then substr(item, length('malformed ') + 1)
      else substr(item, length(payload::jsonb ->> 'type') + 2) end as id,
    not starts_with(item, 'malformed ') as is_event
  from unnest(:items::text[], :payloads::text[]) with ordinality as replayed (item, payload, n)
) as letter
left join oneshot.event_inbox as known on known.event_id = letter.id
cross join lateral oneshot.event_read(
  coalesce(known.event::text, case when letter.is_event then letter.payload::text else letter.payload ->> 'text' end),
  coalesce((letter.payload ->> 'is_fields')::boolean, false)) as parsed
where known.state is null or known.state = 'dead'
