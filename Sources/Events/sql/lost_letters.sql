-- Dead letters whose events are kept nowhere: too large for the letter, and forgotten by the inbox.
select letter.n
from ({letters}) as letter
left join oneshot.event_inbox as known on known.event_id = letter.id
where not letter.has_event and known.event is null and coalesce(known.state, 'dead') = 'dead'
