-- trending, has_users_views
\set views_start '''2025-10-08T02:00:00Z'''
\set views_end '''2025-11-08T02:00:00Z'''
prepare golden (unknown, unknown) as
select exists (select from (select * from (-- Views. A source without the column user_id resolves its name in the outer query, where it is null.
select present.feed_id as post_id, present.user_id, 'view' as kind, present.viewed_at as at
from (select null::text as user_id) as absent
cross join lateral (
  select feed_id, user_id, viewed_at from feed_views
  where viewed_at >= $1 and viewed_at < $2) as present
) as file) as source where user_id is not null ) as has_users
;
execute golden (:views_start, :views_end);
deallocate golden;
