-- The next run reads everything, as the first one did.
update oneshot.rollup_positions set seen = null, raw_seen = null where seen is not null
