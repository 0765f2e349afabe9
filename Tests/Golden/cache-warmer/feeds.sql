-- cache-warmer, feeds
\set users '''{"17"}'''
\set author_most '''5''::bigint'
\set limit '''50''::bigint'
prepare golden (unknown, bigint, bigint) as
select user_id::text as user_id, post_id::text as post_id, score::text as score, problem from (select r.user_id, r.post_id, r.score::double precision as score, null::text as problem, row_number() over (partition by r.user_id order by r.score::double precision desc nulls first, r.post_id::text collate "C" desc) as place from (select * from (select chosen.user_id, chosen.post_id, chosen.score from (
  select r.user_id, s.post_id, s.score,
    row_number() over (partition by r.user_id, r.author_id order by s.place) as of_author
  from oneshot_reach as r
  join oneshot_scores as s on s.author_id = r.author_id and s.place <= r.depth
  where r.user_id = any ($1)
    and not exists (select from oneshot_seen as v where v.user_id = r.user_id and v.post_id = s.post_id)) as chosen
where chosen.of_author <= $2
) as file) as r) as placed
where place <= $3 or problem is not null
order by user_id, place
;
execute golden (:users, :author_most, :limit);
deallocate golden;
