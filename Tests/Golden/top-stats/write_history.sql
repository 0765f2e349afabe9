-- top-stats, write_history
\set instance ''''''
\set key_prefix '''top:'''
\set board '''comments'''
\set computed_at '''2025-11-08T02:00:00Z''::timestamptz'
\set server '''cache:6379/0'''
\set members '''2''::bigint'
\set member_list '''{"7","3"}'''
\set score_list '''{"12","9.5"}'''
prepare golden (unknown, unknown, unknown, timestamptz, unknown, bigint, unknown, unknown) as
-- A slot that is run again overwrites its rows, also those from before rows named their Redis.
with removed as (
  delete from top_stats_history
  where instance = $1 and key_prefix = $2 and board = $3 and computed_at = $4
    and (server = $5 and rank > $6 or server = '')
)
insert into top_stats_history as h (instance, server, key_prefix, board, computed_at, rank, member, score)
select $1, $5, $2, $3, $4, rank, member, score
from unnest($7::text[], $8::double precision[]) with ordinality as ranked (member, score, rank)
on conflict (instance, server, key_prefix, board, computed_at, rank) do update
set member = excluded.member, score = excluded.score
;
execute golden (:instance, :key_prefix, :board, :computed_at, :server, :members, :member_list, :score_list);
deallocate golden;
