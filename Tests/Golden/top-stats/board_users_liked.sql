-- top-stats, board_users_liked
\set limit '''1000''::bigint'
prepare golden (bigint) as
select best.member::text as member, best.number::text as score, best.score::text as exact from (select board.member, board.score, board.score::double precision as number from (select * from (-- Users by the likes that their feeds got.
select user_id as member, score
from (
  select user_id, sum(count_2)::bigint as score
  from oneshot_likes_received
  where is_live and count_2 > 0
  group by user_id) as tally
where exists (select from oneshot_live_users as live where live.id = tally.user_id)
) as file) as board
  order by number desc nulls first fetch first $1 rows with ties) as best
order by best.number desc nulls first, best.member::text collate "C" desc
limit $1 + 1
;
execute golden (:limit);
deallocate golden;
