-- top-stats, refused_score
prepare golden as
select board.member::text as member, board.score::text as exact from (select board.member, board.score, case when board.score::text ~ '^ *[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]{1,4})? *$' then case when abs(board.score::text::numeric) < 4.95e-324 then 0 when abs(board.score::text::numeric) <= 1.7976931348623157e308 then (board.score::text::numeric)::double precision end end as number from (select * from (select 1 as member, '2' as score
) as file) as board) as board
where number is null
limit 1
;
execute golden;
deallocate golden;
