-- Users by their new followers.
select followee_id as member, counts[:window] as score
from followers_won
join live_users on live_users.id = followee_id
where counts[:window] > 0
