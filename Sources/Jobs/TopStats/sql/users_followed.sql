-- Users by their new followers.
select followee_id as member, {count} as score
from oneshot_followers_won
join oneshot_live_users as live on live.id = followee_id
where {count} > 0
