-- top-stats: what its boards were, with TOP_STATS_HISTORY.

create table top_stats_history (
  instance text collate "C" not null default '',
  key_prefix text collate "C" not null default 'top:',
  board text collate "C" not null,
  computed_at timestamptz not null,
  rank bigint not null,
  member text collate "C" not null,
  score double precision not null,
  primary key (instance, key_prefix, board, computed_at, rank)
);
comment on table top_stats_history is
  'Each published board of top-stats. computed_at is the moment that the run was for: the end of the board''s window.';

-- Publications come one after the other, so a few kilobytes tell where the old ones are.
create index top_stats_history_by_time on top_stats_history using brin (computed_at) with (autosummarize = on);
