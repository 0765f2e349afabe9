-- A slot that is run again writes over what it had written.
with removed as (
  delete from top_stats_history
  where instance = :instance and key_prefix = :key_prefix and board = :board and computed_at = :computed_at
    and rank > :members
)
insert into top_stats_history as h (instance, key_prefix, board, computed_at, rank, member, score)
select :instance, :key_prefix, :board, :computed_at, rank, member, score
from unnest(:member_list::text[], :score_list::double precision[]) with ordinality as ranked (member, score, rank)
on conflict (instance, key_prefix, board, computed_at, rank) do update
set member = excluded.member, score = excluded.score
