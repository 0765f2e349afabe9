-- event-drain: what its batches add to live boards in Redis, until that is there for certain.

create table oneshot.live_batches (
  source text collate "C" not null,
  partition integer not null,
  board text collate "C" not null,
  batch bigint not null,
  -- Names this batch to Redis: its number and its run, so that a batch of a database that was restored is another one.
  mark text collate "C" not null,
  -- The mark of the board's batch before it; empty for the first.
  previous text collate "C" not null,
  members text[] not null,
  deltas double precision[] not null,
  made_at timestamptz not null,
  -- When Redis was known to have it.
  sent_at timestamptz,
  primary key (source, partition, board, batch)
);
comment on table oneshot.live_batches is
  'What each batch of event-drain adds to a live board. A row stays for an hour after Redis has it, the newest of each board for ever: if Redis goes back in time, the run sends again what is missing.';
