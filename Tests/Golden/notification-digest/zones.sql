-- notification-digest, zones
prepare golden as
-- The names that Postgres has for time zones, without abbreviations, in lower case. Reading them takes a tenth of a second.
select lower(name) as name
from pg_timezone_names
where upper(name) not in (select abbrev from pg_timezone_abbrevs where abbrev not in ('GMT', 'UCT', 'UTC', 'Z', 'ZULU'))
;
execute golden;
deallocate golden;
