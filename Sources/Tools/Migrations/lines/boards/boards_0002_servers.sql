-- top-stats: of which Redis the boards in the history are, so that two of them behind one database keep one each.
-- plan: makes the key of top_stats_history again, with the Redis in it; runs of top-stats wait for that

-- Rows of before keep the empty name: they do not say of which Redis they are.
alter table top_stats_history
  add column server text collate "C" not null default '';
alter table top_stats_history
  drop constraint top_stats_history_pkey,
  add constraint top_stats_history_pkey primary key (instance, server, key_prefix, board, computed_at, rank);
comment on column top_stats_history.server is
  'The address of the Redis that the board was published in; empty in rows of binaries that did not note it.';
