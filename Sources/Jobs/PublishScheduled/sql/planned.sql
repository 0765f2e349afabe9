-- How many posts are due, and how many of them are too late.
select count(*) as due, count(*) filter (where {due} < :too_late::timestamptz) as too_late
from {table} as post
where post.{status} = :from and {due} > '-infinity' and {due} <= :until
