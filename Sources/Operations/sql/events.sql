-- Events that wait, those that are due first.
select event_id, state, type, seen_at, source, partition, key, attempts, due_at, left(last_error, 4096) as last_error,
  null::text as event, count(*) over () as total
from oneshot.event_inbox
where state = 'waiting' and (:type::text is null or type = :type) and (:source::text is null or source = :source)
order by due_at, source, partition, place
limit :limit
