-- fraud-detection, by_check
\set entries '''{"1","2"}'''
prepare golden (unknown) as
-- How many of these entries each check has found something of.
select check_name, count(*) as entries from oneshot.fraud_signals where entry_id = any ($1::bigint[]) group by check_name
;
execute golden (:entries);
deallocate golden;
