-- suggested-users, page
\set seen_since '''2025-10-09T02:00:00Z''::timestamptz'
\set shards '''2''::bigint'
\set shard '''1''::bigint'
\set after '''17'''
\set limit '''100''::bigint'
prepare golden (timestamptz, bigint, bigint, unknown, bigint) as
-- The next users by id who get a list.
select u.id::text as user_id, 2 as urgency
from users as u
where u.deleted_at is null and u.suspended_at is null and not coalesce(u.last_seen_at < $1, false) and (hashtextextended(u.id::text collate "C", 0) & 9223372036854775807) % $2 = $3 and u.id > $4::text::bigint
order by u.id
limit $5
;
execute golden (:seen_since, :shards, :shard, :after, :limit);
deallocate golden;
