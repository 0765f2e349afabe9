-- cache-warmer, reach_without_views
\set author_most '''5''::bigint'
-- How many of an author's best posts are enough for a user: as many as a feed may have, and those that were seen.
create temporary table oneshot_reach on commit drop as
select f.user_id, f.author_id, :author_most as depth
from oneshot_follows as f
;
