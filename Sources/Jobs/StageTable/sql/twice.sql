-- How many keys come more than once.
select count(*) as rows from (select from pg_temp.oneshot_staged group by {key} having count(*) > 1) as key
