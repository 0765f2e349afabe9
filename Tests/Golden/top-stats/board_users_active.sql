-- top-stats, board_users_active
\set window '''2''::bigint'
\set limit '''1000''::bigint'
prepare golden (bigint, bigint) as
select best.member::text as member, best.score::text as score from (select board.member, board.score from (select * from (-- Users by what they did: likes given, comments, feeds written.
select user_id as member, score
from (
  select user_id, sum(counts[$1]) as score
  from (
    select user_id, counts from likes_given
    union all
    select user_id, counts from comments_given
    union all
    select user_id, counts from feeds_written) as deeds
  where counts[$1] > 0
  group by user_id) as tally
where exists (select from live_users where live_users.id = tally.user_id)
) as file) as board
  order by board.score desc fetch first $2 rows with ties) as best
order by best.score desc, best.member::text collate "C" desc
limit $2
;
execute golden (:window, :limit);
deallocate golden;
