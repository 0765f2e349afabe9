-- stage-table, lock
lock table "tallies" in share row exclusive mode
;
