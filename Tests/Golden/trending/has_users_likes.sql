-- trending, has_users_likes
\set likes_start '''2025-10-08T02:00:00Z'''
\set likes_end '''2025-11-08T02:00:00Z'''
prepare golden (unknown, unknown) as
select exists (select from (select * from (-- Likes.
select feed_id as post_id, user_id, 'like' as kind, created_at as at
from feed_likes
where created_at >= $1 and created_at < $2
) as file) as source where user_id is not null ) as has_users
;
execute golden (:likes_start, :likes_end);
deallocate golden;
