-- Feeds by their comments.
select feed_id as member, counts[:window] as score
from comments_received
join live_feeds on live_feeds.id = feed_id
where counts[:window] > 0
