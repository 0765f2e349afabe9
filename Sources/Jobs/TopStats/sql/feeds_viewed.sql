-- Feeds by their views.
select feed_id as member, counts[:window] as score
from views_received
join live_feeds on live_feeds.id = feed_id
where counts[:window] > 0
