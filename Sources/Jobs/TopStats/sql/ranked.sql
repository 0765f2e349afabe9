{command}select best.member::text as member, best.number::text as score, {exact} as exact from (select board.member, board.score, {number} as number from ({file}) as board
  order by number desc nulls first fetch first :limit rows with ties) as best
order by best.number desc nulls first, best.member::text collate "C" desc
limit :limit + 1
