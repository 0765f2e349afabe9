-- Feeds by the likes they got.
select feed_id as member, counts[:window] as score
from oneshot_likes_received
where is_live and counts[:window] > 0
