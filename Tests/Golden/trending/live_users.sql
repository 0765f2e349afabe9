-- trending, live_users
-- Users that are not deleted. A source without the column resolves its name in the outer query, where it is null.
create temporary view oneshot_live_users as
select present.id
from (select null::timestamptz as deleted_at) as absent
cross join lateral (select id from users where deleted_at is null) as present
;
