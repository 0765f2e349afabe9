-- Those of the texts that are ids of users, however they are written, and how users has them.
select asked, u.id::text as user_id
from unnest(:users::text[]) as asked
join users as u on u.id = asked::{id}
where {present}
