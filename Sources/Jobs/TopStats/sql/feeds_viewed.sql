-- Feeds by their views.
select feed_id as member, {count} as score
from oneshot_views_received
where {count} > 0
