-- Jobs that somebody keeps from starting for a while: `oneshot pause`.

create table oneshot.pauses (
  instance text collate "C" not null default '',
  job text collate "C" not null,
  paused_at timestamptz not null default now(),
  paused_until timestamptz not null,
  paused_by text not null check (length(paused_by) <= 500),
  reason text check (length(reason) <= 500),
  primary key (instance, job),
  check (paused_until >= paused_at)
);
-- Every job looks here as it starts, also the jobs whose roles were granted their rights before this table was there. Using
-- it needs the right to use the schema all the same.
grant select on oneshot.pauses to public;
comment on table oneshot.pauses is
  'The last pause of each job: until paused_until its runs are skipped, except forced ones. A row whose time is over stays, and excuses what was missed.';
