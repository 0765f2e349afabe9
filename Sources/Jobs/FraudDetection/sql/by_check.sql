-- How many of these entries each check has found something of.
select check_name, count(*) as entries from oneshot.fraud_signals where entry_id = any (:entries::bigint[]) group by check_name
