-- top-stats, board_users_active
\set limit '''1000''::bigint'
prepare golden (bigint) as
select best.member::text as member, best.number::text as score, best.score::text as exact from (select board.member, board.score, board.score::double precision as number from (select * from (-- Users by what they did: likes given, comments, feeds written.
select user_id as member, score
from (
  select user_id, sum(score)::bigint as score
  from (
    select user_id, count_2 as score from oneshot_likes_given
    union all
    select user_id, count_2 as score from oneshot_comments_given
    union all
    select user_id, count_2 as score from oneshot_feeds_written) as deeds
  where score > 0
  group by user_id) as tally
where exists (select from oneshot_live_users as live where live.id = tally.user_id)
) as file) as board
  order by number desc nulls first fetch first $1 rows with ties) as best
order by best.number desc nulls first, best.member::text collate "C" desc
limit $1 + 1
;
execute golden (:limit);
deallocate golden;
