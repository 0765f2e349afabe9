select board.member::text as member, board.score::text as exact from (select board.member, board.score, {number} as number from ({file}) as board) as board
where number is null
limit 1
