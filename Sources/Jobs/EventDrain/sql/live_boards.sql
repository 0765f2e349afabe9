-- handles: feed.liked, feed.unliked, feed.viewed, feed.commented
--
-- Adds to the live boards what happens on feeds: data has a feed_id, and author_id (whose feed it is) for users_liked.
with good as (
  select n, type, data ->> 'feed_id' as feed_id, data ->> 'author_id' as author_id
  from events
  where octet_length(data ->> 'feed_id') between 1 and 512
    and octet_length(coalesce(data ->> 'author_id', '1')) between 1 and 512
), added as (
  insert into board_deltas (board, member, delta)
  select board, member, sum(delta)
  from good
  join (values
    ('feed.liked', 'feeds_liked', 1), ('feed.unliked', 'feeds_liked', -1), ('feed.liked', 'users_liked', 1),
    ('feed.unliked', 'users_liked', -1), ('feed.viewed', 'feeds_viewed', 1), ('feed.commented', 'comments', 1)
  ) as counts (type, board, delta) using (type)
  cross join lateral (select case board when 'users_liked' then author_id else feed_id end as member) as whose
  where member is not null
  group by board, member
)
select n, 'reject' as outcome, 'data has no feed_id, or an author_id of more than 512 bytes' as message
from events where n not in (select n from good)
