-- Stages dead letters that are replayed: from the inbox, or else from the letter. Events that are no longer dead need
-- nothing.
select letter.n, case when letter.is_event then letter.id else coalesce(letter.payload ->> 'location', letter.id) end as location,
  letter.id as known_id, letter.id as fallback_id, 1 as attempt, parsed.event, parsed.happened_at, parsed.problem
from ({letters}) as letter
left join oneshot.event_inbox as known on known.event_id = letter.id
cross join lateral oneshot.event_read(
  coalesce(known.event::text, case when letter.is_event then letter.payload::text else letter.payload ->> 'text' end),
  not letter.is_event and coalesce((letter.payload ->> 'is_fields')::boolean, false)) as parsed
where known.state is null or known.state = 'dead'
