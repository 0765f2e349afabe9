-- trending, scores
\set posts '''{"17"}'''
\set oldest_post '''2025-10-09T02:00:00Z'''
\set start_1 '''2025-11-08T01:55:00Z''::timestamptz'
\set start_2 '''2025-11-08T01:58:00Z''::timestamptz'
\set start_3 '''2025-11-08T01:59:00Z''::timestamptz'
\set per_user '''1''::bigint'
\set units_of_1 '''{{100000000,99914500,99829200,99743900,99658600,99573500},{2000000000,1998290000,1996584000,1994878000,1993172000,1991470000},{3000000000,2997435000,2994876000,2992317000,2989758000,2987205000},{5000000000,4995725000,4991460000,4987195000,4982930000,4978675000}}'''
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
\set youngest_account '''2025-11-07T02:00:00Z'''
prepare golden (unknown, unknown, timestamptz, timestamptz, timestamptz, bigint, unknown, timestamptz, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown, unknown) as
-- Scores of some posts in each window, and how many people they are from. A post that is deleted, whose author is, or
-- that is too old has no row.
-- Each post is looked up once, and the events of other posts are left out first: in tables that were never analyzed
-- Postgres would look up each event among the posts.
with post as materialized (
  select live.id, live.user_id
  from oneshot_live_feeds as live
  where live.id = any ($1::pg_catalog.int8[])
    and (live.user_id is null or exists (select from oneshot_live_users as author where author.id = live.user_id))
    and live.created_at >= $2)
select post_id::text as post, author::text as author, count(*) filter (where not is_counted) as capped, sum(units_1) filter (where is_counted and at >= $3)::text as score_1,
  count(distinct user_id) filter (where units_1 > 0 and at >= $3) as people_1,
  sum(units_1) filter (where is_counted and at >= $4)::text as score_2,
  count(distinct user_id) filter (where units_1 > 0 and at >= $4) as people_2,
  sum(units_1) filter (where is_counted and at >= $5)::text as score_3,
  count(distinct user_id) filter (where units_1 > 0 and at >= $5) as people_3
from (
  select post_id, author, user_id, at, place <= $6 or user_id is null as is_counted, ($7::bigint[])[kind][1 + floor(date_part('epoch', $8 - at) / 60)::integer] as units_1
  from (
    -- An id as the post has it, where those of its events are equal and written otherwise.
    select post.id as post_id, post.user_id as author, event.user_id, event.kind, event.at,
      row_number() over (partition by post.id, event.user_id, event.kind order by event.at desc) as place
    from post
    join (select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($9::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Views. A source without the column user_id resolves its name in the outer query, where it is null.
select present.feed_id as post_id, present.user_id, 'view' as kind, present.viewed_at as at
from (select null::text as user_id) as absent
cross join lateral (
  select feed_id, user_id, viewed_at from feed_views
  where viewed_at >= $10 and viewed_at < $11) as present
) as file) as source


union all
select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($9::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Likes.
select feed_id as post_id, user_id, 'like' as kind, created_at as at
from feed_likes
where created_at >= $12 and created_at < $13
) as file) as source


union all
select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($9::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Comments.
select feed_id as post_id, user_id, 'comment' as kind, created_at as at
from feed_comments
where created_at >= $14 and created_at < $15
) as file) as source


union all
select post_id::pg_catalog.int8 as post_id, user_id::pg_catalog.int8 as user_id, array_position($9::text[], kind::text) as kind, at::timestamptz as at from (select * from (-- Shares.
select feed_id as post_id, user_id, 'share' as kind, created_at as at
from feed_shares
where created_at >= $16 and created_at < $17
) as file) as source

) as event on event.post_id = post.id
    where event.post_id = any ($1::pg_catalog.int8[]) and event.at is not null
      and (event.user_id <> post.user_id) is not false and (event.user_id is null or exists (select from oneshot_live_users as person join users as account on account.id = person.id and account.created_at <= $18 where person.id = event.user_id))) as ordered) as event
group by post_id, author
;
execute golden (:posts, :oldest_post, :start_1, :start_2, :start_3, :per_user, :units_of_1, :window_end, :kinds, :views_start, :views_end, :likes_start, :likes_end, :comments_start, :comments_end, :shares_start, :shares_end, :youngest_account);
deallocate golden;
