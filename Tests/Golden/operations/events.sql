-- operations, events
\set type '''feed.liked'''
\set source '''redis:events:job'''
\set limit '''20''::bigint'
prepare golden (unknown, unknown, bigint) as
-- Events that wait, those that are due first.
select event_id, state, type, seen_at, source, partition, key, attempts, due_at, left(last_error, 4096) as last_error,
  null::text as event, count(*) over () as total
from oneshot.event_inbox
where state = 'waiting' and ($1::text is null or type = $1) and ($2::text is null or source = $2)
order by due_at, source, partition, place
limit $3
;
execute golden (:type, :source, :limit);
deallocate golden;
