-- Troubles that somebody has silenced for a while: `oneshot snooze`.

create table oneshot.snoozes (
  instance text collate "C" not null default '',
  job text collate "C" not null,
  variant text collate "C" not null default '*',
  kind text collate "C" not null,
  snoozed_at timestamptz not null default now(),
  snoozed_until timestamptz not null,
  snoozed_by text not null check (length(snoozed_by) <= 500),
  reason text check (length(reason) <= 500),
  primary key (instance, job, variant, kind),
  check (snoozed_until >= snoozed_at)
);
-- Who judges health reads it, also with a role that was granted its rights before this table was there. Using it needs the
-- right to use the schema all the same.
grant select on oneshot.snoozes to public;
comment on table oneshot.snoozes is
  'The last snooze of each kind of trouble of a job: until snoozed_until it is shown, and calls nobody. A row whose time is over stays.';
comment on column oneshot.snoozes.variant is 'A * stands for all variants.';

alter table oneshot.incidents
  add column snoozed_until timestamptz,
  add column times_snoozed integer not null default 0;
comment on column oneshot.incidents.snoozed_until is
  'Until when the newest run that saw it found it snoozed; null where it is not. No message that it began is sent meanwhile.';
comment on column oneshot.incidents.times_snoozed is
  'How many snoozes have ended while it was still seen: after each, receivers are notified again.';
