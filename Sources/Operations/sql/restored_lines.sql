-- Whether the tables exist that record up to which transaction something was read.
select to_regclass('oneshot.rollup_positions') is not null as has_rollups,
  to_regclass('oneshot.event_positions') is not null as has_events
