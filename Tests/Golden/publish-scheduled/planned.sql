-- publish-scheduled, planned
\set too_late '''2025-11-08T01:00:00Z''::timestamptz'
\set from '''scheduled'''
\set until '''2025-11-08T02:00:00Z''::timestamptz'
prepare golden (timestamptz, unknown, timestamptz) as
-- How many posts are due, and how many of them are too late.
select count(*) as due, count(*) filter (where post."publish_at" < $1::timestamptz) as too_late
from "posts" as post
where post."status" = $2 and post."publish_at" > '-infinity' and post."publish_at" <= $3
;
execute golden (:too_late, :from, :until);
deallocate golden;
