-- The range of days that begin at another time than when the rollups of a source were calculated, though the zone has
-- the same name.
select moved.start as moved_start, moved.until as moved_until
from oneshot.rollup_positions as p
cross join lateral oneshot.calendar_moved(p.calendar, p.calendar_until, :zone) as moved
where p.source = :source and lower(p.timezone) = lower(:zone)
