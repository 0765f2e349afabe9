-- Comments.
select feed_id as post_id, user_id, 'comment' as kind, created_at as at
from feed_comments
where created_at >= :comments_start and created_at < :comments_end
