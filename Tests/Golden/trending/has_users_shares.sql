-- trending, has_users_shares
\set shares_start '''2025-10-08T02:00:00Z'''
\set shares_end '''2025-11-08T02:00:00Z'''
prepare golden (unknown, unknown) as
select exists (select from (select * from (-- Shares.
select feed_id as post_id, user_id, 'share' as kind, created_at as at
from feed_shares
where created_at >= $1 and created_at < $2
) as file) as source where user_id is not null ) as has_users
;
execute golden (:shares_start, :shares_end);
deallocate golden;
