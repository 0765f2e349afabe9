-- cache-warmer, follows_without_mutes
\set users '''{"17"}'''
-- Whom the users follow, without authors whose posts they must not see.
create temporary table oneshot_follows on commit drop as
select distinct f.follower_id as user_id, f.followee_id as author_id
from follows as f
where f.follower_id = any (:users) and f.follower_id <> f.followee_id
  and exists (select from users as u where u.id = f.followee_id)
  and not exists (select from blocks as b where b.user_id = f.follower_id and b.target_id = f.followee_id)
  and not exists (select from blocks as b where b.user_id = f.followee_id and b.target_id = f.follower_id)
;
