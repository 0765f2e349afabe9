{command}select best.member::text as member, best.score::text as score from (select board.member, board.score from ({file}) as board
  order by board.score desc fetch first :limit rows with ties) as best
order by best.score desc, best.member::text collate "C" desc
limit :limit
