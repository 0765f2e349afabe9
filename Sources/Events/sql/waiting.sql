-- How many events of some partitions wait, and since when.
select count(*) as waiting, min(seen_at) as oldest
from oneshot.event_inbox
where state = 'waiting' and source = :source and partition = any (:partitions::integer[])
