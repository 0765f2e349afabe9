-- The score of each post, which is the same for everybody, and its place among the posts of its author.
create temporary table oneshot_scores on commit drop as
select post_id, author_id, score,
  row_number() over (partition by author_id order by score desc, post_id::text collate "C" desc) as place
from (
  select p.id as post_id, p.author_id,
    -- A whole number, by one multiplication: the same whatever the plan.
    (1 + coalesce(likes.number, 0) + 2 * coalesce(comments.number, 0))
      * round(1e9::double precision * power(0.95::double precision,
          extract(epoch from :moment - p.created_at)::double precision / 3600))::bigint as score
  from oneshot_posts as p
  left join (
    -- A like counts once, however often it stands in the table.
    select e.feed_id, count(distinct e.user_id) + count(*) filter (where e.user_id is null) as number
    from feed_likes as e join oneshot_posts as q on q.id = e.feed_id
    where e.created_at >= :start and e.created_at < :moment
    group by e.feed_id) as likes on likes.feed_id = p.id
  left join (
    select e.feed_id, count(*) as number
    from feed_comments as e join oneshot_posts as q on q.id = e.feed_id
    where e.created_at >= :start and e.created_at < :moment
    group by e.feed_id) as comments on comments.feed_id = p.id) as scored
