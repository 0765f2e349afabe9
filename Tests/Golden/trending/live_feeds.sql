-- trending, live_feeds
-- Feeds that are not deleted. A source without the column resolves its name in the outer query, where it is null.
create temporary view oneshot_live_feeds as
select present.id, present.user_id, present.created_at
from (select null::timestamptz as deleted_at) as absent
cross join lateral (select id, user_id, created_at from feeds where deleted_at is null) as present
;
