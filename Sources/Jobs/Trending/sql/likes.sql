-- Likes.
select feed_id as post_id, user_id, 'like' as kind, created_at as at
from feed_likes
where created_at >= :likes_start and created_at < :likes_end
