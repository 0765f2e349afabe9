-- Scores of some posts in each window, and how many people they are from. A post that is deleted, whose author is, or
-- that is too old has no row.
-- Each post is looked up once, and the events of other posts are left out first: in tables that were never analyzed
-- Postgres would look up each event among the posts.
with post as materialized (
  select live.id, live.user_id
  from oneshot_live_feeds as live
  where live.id = any (:posts::{post}[])
    and (live.user_id is null or exists (select from oneshot_live_users as author where author.id = live.user_id))
    {is_new})
select post_id::text as post, author::text as author, count(*) filter (where not is_counted) as capped, {scores}
from (
  select post_id, author, user_id, at, place <= :per_user or user_id is null as is_counted, {points}
  from (
    -- An id as the post has it, where those of its events are equal and written otherwise.
    select post.id as post_id, post.user_id as author, event.user_id, event.kind, event.at,
      row_number() over (partition by post.id, event.user_id, event.kind order by event.at desc) as place
    from post
    join ({events}) as event on event.post_id = post.id
    where event.post_id = any (:posts::{post}[]) and event.at is not null
      and (event.user_id <> post.user_id) is not false and {is_person}) as ordered) as event
group by post_id, author
