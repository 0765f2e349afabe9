-- Feeds by the likes they got.
select feed_id as member, {count} as score
from oneshot_likes_received
where is_live and {count} > 0
