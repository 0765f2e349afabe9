-- trending, unknown_kind_shares
\set shares_start '''2025-10-08T02:00:00Z'''
\set shares_end '''2025-11-08T02:00:00Z'''
\set kinds '''{"view","like","comment","share"}'''
prepare golden (unknown, unknown, unknown) as
select coalesce(kind::text, 'null') as kind from (select * from (-- Shares.
select feed_id as post_id, user_id, 'share' as kind, created_at as at
from feed_shares
where created_at >= $1 and created_at < $2
) as file) as source where array_position($3::text[], kind::text) is null 
limit 1
;
execute golden (:shares_start, :shares_end, :kinds);
deallocate golden;
