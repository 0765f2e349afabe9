-- operations, restored_events
prepare golden as
-- Installations that have read oneshot.events.
select count(*) as positions from oneshot.event_positions
where (source = 'postgres:oneshot.events' or source like '%/postgres:oneshot.events') and position <> '-'
;
execute golden;
deallocate golden;
