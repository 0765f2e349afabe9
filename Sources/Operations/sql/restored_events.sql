-- Installations that have read oneshot.events.
select count(*) as positions from oneshot.event_positions
where (source = 'postgres:oneshot.events' or source like '%/postgres:oneshot.events') and position <> '-'
