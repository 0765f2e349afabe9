-- Shares.
select feed_id as post_id, user_id, 'share' as kind, created_at as at
from feed_shares
where created_at >= :shares_start and created_at < :shares_end
