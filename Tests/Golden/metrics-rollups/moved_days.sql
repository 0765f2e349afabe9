-- metrics-rollups, moved_days
\set zone '''Europe/Berlin'''
\set source '''metric_events'''
prepare golden (unknown, unknown) as
-- The range of days that begin at another time than when the rollups of a source were calculated, though the zone has
-- the same name.
select moved.start as moved_start, moved.until as moved_until
from oneshot.rollup_positions as p
cross join lateral oneshot.calendar_moved(p.calendar, p.calendar_until, $1) as moved
where p.source = $2 and lower(p.timezone) = lower($1)
;
execute golden (:zone, :source);
deallocate golden;
