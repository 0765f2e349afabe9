-- Views. A source without the column user_id resolves its name in the outer query, where it is null.
select present.feed_id as post_id, present.user_id, 'view' as kind, present.viewed_at as at
from (select null::text as user_id) as absent
cross join lateral (
  select feed_id, user_id, viewed_at from feed_views
  where viewed_at >= :views_start and viewed_at < :views_end) as present
