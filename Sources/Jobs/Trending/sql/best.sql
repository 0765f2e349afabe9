union all
(select {place}, post_id::text, {bound}, null, null, null from bounds
where post_id is not null and {bound} > 0 and {events} >= :people order by {bound} desc limit :reach)
