-- Records what a batch adds to live boards, with the mark of the previous batch of each board.
with chosen as (
  insert into oneshot.live_batches (source, partition, board, batch, mark, previous, members, deltas, made_at)
  select :source, :partition::integer, board, :batch::bigint, :batch::bigint || ' ' || :run_id,
    coalesce(
      (select mark from oneshot.live_batches as before
       where (before.source, before.partition) = (:source, :partition) and before.board = added.board
       order by batch desc limit 1),
      ''),
    array_agg(member order by member), array_agg(delta order by member), :moment
  from (
    select board, member, sum(delta) as delta from pg_temp.board_deltas group by board, member having sum(delta) <> 0
  ) as added
  group by board
  returning *
)
{steps}
