-- operations, restored_rollups
prepare golden as
-- Sources of metrics-rollups that record what they have seen.
select count(*) as positions from oneshot.rollup_positions where seen is not null
;
execute golden;
deallocate golden;
