-- cache-warmer, posts
\set start '''2025-11-01T02:00:00Z'''
\set moment '''2025-11-08T02:00:00Z'''
-- Their posts within the horizon.
create temporary table oneshot_posts on commit drop as
select p.id, p.user_id as author_id, p.created_at
from feeds as p
where p.created_at >= :start and p.created_at < :moment
  and p.user_id in (select f.author_id from oneshot_follows as f) and p.deleted_at is null
;
