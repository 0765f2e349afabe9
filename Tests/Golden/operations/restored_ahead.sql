-- operations, restored_ahead
prepare golden as
-- Rows of transactions that this server has not had yet: they were written on another one.
select count(*) as rows from "oneshot"."events" where written_by >= pg_snapshot_xmax(pg_current_snapshot())
;
execute golden;
deallocate golden;
