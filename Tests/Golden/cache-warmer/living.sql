-- cache-warmer, living
\set users '''{"17"}'''
prepare golden (unknown) as
-- Those of the ids that are users.
select u.id::text as id from users as u where u.id = any ($1) and u.deleted_at is null
;
execute golden (:users);
deallocate golden;
