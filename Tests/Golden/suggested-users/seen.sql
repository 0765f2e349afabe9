-- suggested-users, seen
\set users '''{"17"}'''
\set rows '''100''::bigint'
prepare golden (unknown, bigint) as
-- What is queued of a batch as of the moment at which its suggestions are read. What comes later has other ids, and stays.
select p.urgency, p.id, p.user_id
from oneshot.suggestion_pending as p
where p.user_id = any ($1::text[])
order by p.urgency, p.id
limit $2
;
execute golden (:users, :rows);
deallocate golden;
