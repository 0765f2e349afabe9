-- suggested-users, popular
\set limit '''20''::bigint'
prepare golden (bigint) as
-- Those who have gained most followers in 30 days.
select user_id from oneshot.suggestion_hubs where gained > 0 order by gained desc, user_id limit $1
;
execute golden (:limit);
deallocate golden;
