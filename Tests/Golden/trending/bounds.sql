-- trending, bounds
\set start_2 '''2025-11-08T01:58:00Z''::timestamptz'
\set start_3 '''2025-11-08T01:59:00Z''::timestamptz'
\set units_of_1 '''{{100000,99915,99830,99744,99659,99574},{2000000,1998290,1996584,1994878,1993172,1991470},{3000000,2997435,2994876,2992317,2989758,2987205},{5000000,4995725,4991460,4987195,4982930,4978675}}'''
\set window_end '''2025-11-08T02:00:00Z''::timestamptz'
\set kinds '''{"view","like","comment","share"}'''
\set views_start '''2025-11-08T01:55:00Z'''
\set views_end '''2025-11-08T02:00:00Z'''
\set likes_start '''2025-11-08T01:55:00Z'''
\set likes_end '''2025-11-08T02:00:00Z'''
\set comments_start '''2025-11-08T01:55:00Z'''
\set comments_end '''2025-11-08T02:00:00Z'''
\set shares_start '''2025-11-08T01:55:00Z'''
\set shares_end '''2025-11-08T02:00:00Z'''
\set people '''3''::bigint'
\set reach '''8000''::bigint'
prepare golden (timestamptz, timestamptz, unknown, timestamptz, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, bigint, bigint) as
-- The best posts of each window by the sum of all their events: at least their score, because each event is rounded up
-- and the caps only leave events out. Posts with fewer events than they need people are left out. First what was read
-- altogether.
with bounds as materialized (
  select post_id, count(*) - count(at) as anonymous, count(at) - count(units_1) as unknown, count(at) as events_1, sum(units_1) as bound_1, count(at) filter (where at >= $1) as events_2, sum(units_1) filter (where at >= $1) as bound_2, count(at) filter (where at >= $2) as events_3, sum(units_1) filter (where at >= $2) as bound_3
  from (select post_id, at, kind, ($3::integer[])[kind][1 + floor(date_part('epoch', $4 - at) / 60)::integer] as units_1 from (select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($5::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Views. A source without the column user_id resolves its name in the outer query, where it is null.
select present.feed_id as post_id, present.user_id, 'view' as kind, present.viewed_at as at
from (select null::text as user_id) as absent
cross join lateral (
  select feed_id, user_id, viewed_at from feed_views
  where viewed_at >= $6 and viewed_at < $7) as present
) as file) as source

) as event
union all
select post_id, at, kind, ($3::integer[])[kind][1 + floor(date_part('epoch', $4 - at) / 60)::integer] as units_1 from (select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($5::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Likes.
select feed_id as post_id, user_id, 'like' as kind, created_at as at
from feed_likes
where created_at >= $8 and created_at < $9
) as file) as source

) as event
union all
select post_id, at, kind, ($3::integer[])[kind][1 + floor(date_part('epoch', $4 - at) / 60)::integer] as units_1 from (select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($5::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Comments.
select feed_id as post_id, user_id, 'comment' as kind, created_at as at
from feed_comments
where created_at >= $10 and created_at < $11
) as file) as source

) as event
union all
select post_id, at, kind, ($3::integer[])[kind][1 + floor(date_part('epoch', $4 - at) / 60)::integer] as units_1 from (select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($5::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Shares.
select feed_id as post_id, user_id, 'share' as kind, created_at as at
from feed_shares
where created_at >= $12 and created_at < $13
) as file) as source

) as event) as event
  group by post_id)
select 0 as place, null as post, null::bigint as bound, sum(events_1)::bigint as events,
  sum(anonymous)::bigint as anonymous, sum(unknown)::bigint as unknown
from bounds
union all
(select 1, post_id::text, bound_1, null, null, null from bounds
where post_id is not null and bound_1 > 0 and events_1 >= $14 order by bound_1 desc limit $15)
union all
(select 2, post_id::text, bound_2, null, null, null from bounds
where post_id is not null and bound_2 > 0 and events_2 >= $14 order by bound_2 desc limit $15)
union all
(select 3, post_id::text, bound_3, null, null, null from bounds
where post_id is not null and bound_3 > 0 and events_3 >= $14 order by bound_3 desc limit $15)
;
execute golden (:start_2, :start_3, :units_of_1, :window_end, :kinds, :views_start, :views_end, :likes_start, :likes_end, :comments_start, :comments_end, :shares_start, :shares_end, :people, :reach);
deallocate golden;
