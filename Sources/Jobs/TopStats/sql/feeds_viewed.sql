-- Feeds by their views.
select feed_id as member, counts[:window] as score
from oneshot_views_received
where counts[:window] > 0
