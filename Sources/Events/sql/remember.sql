-- Inserts a row for replayed events that are no longer remembered.
insert into oneshot.event_inbox (event_id, state, type, seen_at, event, attempts)
select distinct on (id) id, 'dead', type, :moment, event, 0 from pg_temp.oneshot_staged order by id, n
on conflict (event_id) do nothing
