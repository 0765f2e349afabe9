-- top-stats, board_comments
\set limit '''1000''::bigint'
prepare golden (bigint) as
select best.member::text as member, best.number::text as score, best.score::text as exact from (select board.member, board.score, board.score::double precision as number from (select * from (-- Feeds by their comments.
select feed_id as member, count_2 as score
from oneshot_comments_received
where is_live and count_2 > 0
) as file) as board
  order by number desc nulls first fetch first $1 rows with ties) as best
order by best.number desc nulls first, best.member::text collate "C" desc
limit $1 + 1
;
execute golden (:limit);
deallocate golden;
