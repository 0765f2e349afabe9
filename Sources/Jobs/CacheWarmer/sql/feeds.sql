select user_id::text as user_id, post_id::text as post_id, score::text as score, problem from (select r.user_id, r.post_id, r.score::double precision as score, {problem} as problem, row_number() over (partition by r.user_id order by r.score::double precision desc nulls first, r.post_id::text collate "C" desc) as place from ({file}) as r) as placed
where place <= :limit or problem is not null
order by user_id, place
