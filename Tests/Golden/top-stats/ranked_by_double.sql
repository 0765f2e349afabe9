-- top-stats, ranked_by_double
\set limit '''1000''::bigint'
prepare golden (bigint) as
select best.member::text as member, best.number::text as score, best.score::text as exact from (select board.member, board.score, case when abs(board.score) <= 1.7976931348623157e308::double precision then board.score end as number from (select * from (select 1 as member, 2.5::double precision as score
) as file) as board
  order by number desc nulls first fetch first $1 rows with ties) as best
order by best.number desc nulls first, best.member::text collate "C" desc
limit $1 + 1
;
execute golden (:limit);
deallocate golden;
