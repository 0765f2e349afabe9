-- cache-warmer, seen
\set users '''{"17"}'''
\set start '''2025-11-01T02:00:00Z'''
\set moment '''2025-11-08T02:00:00Z'''
-- What the users have seen of it.
create temporary table oneshot_seen on commit drop as
select distinct v.user_id, s.post_id, s.author_id
from feed_views as v
join oneshot_scores as s on s.post_id = v.feed_id
join oneshot_follows as f on f.user_id = v.user_id and f.author_id = s.author_id
where v.user_id = any (:users) and v.viewed_at >= :start and v.viewed_at < :moment
;
