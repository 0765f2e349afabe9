-- Dead letters that somebody asked to be done again, and who did what with them.

alter table oneshot.dead_letters
  -- What a job's run cannot read would end it: an operator's role may write this column.
  add column replay_asked_at timestamptz
    check (replay_asked_at >= timestamptz '2000-01-01 00:00:00+00' and replay_asked_at < timestamptz '3000-01-01 00:00:00+00'),
  add column replay_asked_by text,
  add column replay_run_id uuid;
comment on column oneshot.dead_letters.replay_asked_at is
  'Since when the job''s next run is asked to do the item again; null when nobody asks. Counts only while it is pending.';
comment on column oneshot.dead_letters.replay_run_id is
  'The run that was given it since: if that one was killed or failed, the next one is given it, too.';

-- What a run takes: first what no run was given yet, then what was longest ago (ids of runs sort by time).
create index dead_letters_asked
  on oneshot.dead_letters (
    job, coalesce(replay_run_id, '00000000-0000-0000-0000-000000000000'), replay_asked_at, item_digest)
  where replay_asked_at is not null;

create table oneshot.dead_letter_actions (
  id bigint generated always as identity primary key,
  -- These two are never given, only taken from their defaults: a role needs no right to write them.
  acted_at timestamptz not null default now(),
  role text not null default session_user,
  acted_by text not null check (acted_by <> ''),
  action text not null check (action in ('replay', 'discard')),
  job text not null,
  item_digest bytea not null,
  item text not null,
  error_kind text not null,
  error_message text not null,
  attempts integer not null,
  last_failed_at timestamptz not null
);
comment on table oneshot.dead_letter_actions is
  'Who asked for a replay of a dead letter or discarded it, when, and what the letter said then.';
comment on column oneshot.dead_letter_actions.acted_by is 'As the person said; role is what the database knows.';

create index dead_letter_actions_by_item on oneshot.dead_letter_actions (job, item_digest, id);
