-- operations, restored_forget_rollups
prepare golden as
-- The next run reads everything, as the first one did.
update oneshot.rollup_positions set seen = null, raw_seen = null where seen is not null
;
execute golden;
deallocate golden;
