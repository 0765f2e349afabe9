-- cache-warmer, reach
\set author_most '''5''::bigint'
-- How many of an author's best posts are enough for a user: as many as a feed may have, and those that were seen.
create temporary table oneshot_reach on commit drop as
select f.user_id, f.author_id, :author_most + coalesce(s.number, 0) as depth
from oneshot_follows as f
left join (
  select user_id, author_id, count(*) as number from oneshot_seen group by user_id, author_id) as s
  on s.user_id = f.user_id and s.author_id = f.author_id
;
