-- suggested-users, asked
\set users '''{"17"}'''
prepare golden (unknown) as
-- Those of the texts that are ids of users, however they are written, and how users has them.
select asked, u.id::text as user_id
from unnest($1::text[]) as asked
join users as u on u.id = asked::bigint
where u.deleted_at is null and u.suspended_at is null
;
execute golden (:users);
deallocate golden;
