-- top-stats, board_feeds_viewed
\set window '''2''::bigint'
\set limit '''1000''::bigint'
prepare golden (bigint, bigint) as
select best.member::text as member, best.score::text as score from (select board.member, board.score from (select * from (-- Feeds by their views.
select feed_id as member, counts[$1] as score
from views_received
where counts[$1] > 0
) as file) as board
  order by board.score desc fetch first $2 rows with ties) as best
order by best.score desc, best.member::text collate "C" desc
limit $2
;
execute golden (:window, :limit);
deallocate golden;
