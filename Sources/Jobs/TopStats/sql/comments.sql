-- Feeds by their comments.
select feed_id as member, {count} as score
from oneshot_comments_received
where is_live and {count} > 0
