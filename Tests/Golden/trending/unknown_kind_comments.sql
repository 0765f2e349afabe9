-- trending, unknown_kind_comments
\set comments_start '''2025-10-08T02:00:00Z'''
\set comments_end '''2025-11-08T02:00:00Z'''
\set kinds '''{"view","like","comment","share"}'''
prepare golden (unknown, unknown, unknown) as
select coalesce(kind::text, 'null') as kind from (select * from (-- Comments.
select feed_id as post_id, user_id, 'comment' as kind, created_at as at
from feed_comments
where created_at >= $1 and created_at < $2
) as file) as source where array_position($3::text[], kind::text) is null 
limit 1
;
execute golden (:comments_start, :comments_end, :kinds);
deallocate golden;
