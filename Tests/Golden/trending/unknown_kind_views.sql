-- trending, unknown_kind_views
\set views_start '''2025-10-08T02:00:00Z'''
\set views_end '''2025-11-08T02:00:00Z'''
\set kinds '''{"view","like","comment","share"}'''
prepare golden (unknown, unknown, unknown) as
select coalesce(kind::text, 'null') as kind from (select * from (-- Views. A source without the column user_id resolves its name in the outer query, where it is null.
select present.feed_id as post_id, present.user_id, 'view' as kind, present.viewed_at as at
from (select null::text as user_id) as absent
cross join lateral (
  select feed_id, user_id, viewed_at from feed_views
  where viewed_at >= $1 and viewed_at < $2) as present
) as file) as source where array_position($3::text[], kind::text) is null 
limit 1
;
execute golden (:views_start, :views_end, :kinds);
deallocate golden;
