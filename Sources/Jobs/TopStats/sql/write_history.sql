-- A slot that is run again overwrites its rows, also those from before rows named their Redis.
with removed as (
  delete from top_stats_history
  where instance = :instance and key_prefix = :key_prefix and board = :board and computed_at = :computed_at
    and (server = :server and rank > :members or server = '')
)
insert into top_stats_history as h (instance, server, key_prefix, board, computed_at, rank, member, score)
select :instance, :server, :key_prefix, :board, :computed_at, rank, member, score
from unnest(:member_list::text[], :score_list::double precision[]) with ordinality as ranked (member, score, rank)
on conflict (instance, server, key_prefix, board, computed_at, rank) do update
set member = excluded.member, score = excluded.score
