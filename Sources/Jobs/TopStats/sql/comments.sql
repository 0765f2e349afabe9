-- Feeds by their comments.
select feed_id as member, counts[:window] as score
from oneshot_comments_received
where is_live and counts[:window] > 0
