-- Dead letters of events that are nowhere: too large for the letter, and forgotten.
select letter.n
from ({letters}) as letter
left join oneshot.event_inbox as known on known.event_id = letter.id
where not letter.has_event and known.event is null and coalesce(known.state, 'dead') = 'dead'
