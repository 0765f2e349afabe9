-- operations, restored_forget_events
prepare golden as
-- The next run reads the table from its first row; the inbox knows which events are done.
update oneshot.event_positions set position = '-', batch = batch + 1
where (source = 'postgres:oneshot.events' or source like '%/postgres:oneshot.events') and position <> '-'
;
execute golden;
deallocate golden;
