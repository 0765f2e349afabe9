-- The next users by id who get a list.
select u.id::text as user_id, 2 as urgency
from users as u
where {present} and not {inactive} and {share} {after}
order by u.id
limit :limit
