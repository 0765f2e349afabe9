-- operations, health_letters
prepare golden as
-- What waits for a person, by job, installation and server.
select instance, job, server, count(*) as pending, min(first_failed_at) as oldest from oneshot.dead_letters
where state = 'pending' group by instance, job, server order by instance, job, server
;
execute golden;
deallocate golden;
