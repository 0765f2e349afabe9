-- suggested-users, lists
\set users '''{"17"}'''
prepare golden (unknown) as
-- The lists that there are of a batch.
select user_id, digest, members from oneshot.suggestion_lists where user_id = any ($1::text[])
;
execute golden (:users);
deallocate golden;
