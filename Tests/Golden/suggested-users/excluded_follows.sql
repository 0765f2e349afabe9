-- suggested-users, excluded_follows
prepare golden as
select followee_id as id from follows where follower_id = w.id
;
execute golden;
deallocate golden;
