-- suggested-users, forbidden
\set users '''{"17"}'''
\set lists '''{"[]"}'''
prepare golden (unknown, unknown) as
-- Users whose lists name somebody they must not, as a suggestion or as somebody in common, and of whom nothing is queued.
select distinct w.id::text as user_id
from unnest($1::text[], $2::text[]) as listed (user_id, list)
cross join lateral (select listed.user_id::bigint as id) as w
cross join lateral json_array_elements(listed.list::json) as entry
cross join lateral (select (entry ->> 'id')::bigint as id) as p
where (
    exists (select from (select w.id as id union all select followee_id from follows where follower_id = w.id union all select target_id as id from blocks where user_id = w.id union all select user_id as id from blocks where target_id = w.id union all select target_id as id from mutes where user_id = w.id union all select target_id from suggestion_dismissals where user_id = w.id union all select followee_id from follow_requests where follower_id = w.id) as x where x.id = p.id)
    or exists (
      select from (select target_id as id from blocks where user_id = w.id union all select user_id as id from blocks where target_id = w.id union all select target_id as id from mutes where user_id = w.id) as x join json_array_elements_text(entry -> 'via') as via (id) on via.id = x.id::text)
    or not exists (select from users as u where u.id = p.id and u.deleted_at is null and u.suspended_at is null and u.discoverable is true))
  and not exists (select from oneshot.suggestion_pending as q where q.user_id = listed.user_id)
;
execute golden (:users, :lists);
deallocate golden;
