-- stage-table, twice
prepare golden as
-- How many keys come more than once.
select count(*) as rows from (select from pg_temp.oneshot_staged group by "post_id" having count(*) > 1) as key
;
execute golden;
deallocate golden;
