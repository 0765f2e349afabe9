-- Slots that somebody wants done again: `oneshot run-now`.

create table oneshot.run_requests (
  instance text collate "C" not null default '',
  job text collate "C" not null,
  slot timestamptz,
  above bigint not null,
  requested_at timestamptz not null default now(),
  requested_until timestamptz not null,
  requested_by text not null check (length(requested_by) <= 500),
  reason text check (length(reason) <= 500),
  primary key (instance, job),
  check (requested_until >= requested_at)
);
-- Every job looks here as it starts, also the jobs whose roles were granted their rights before this table was there. Using
-- it needs the right to use the schema all the same.
grant select on oneshot.run_requests to public;
comment on table oneshot.run_requests is
  'The last request for each job to do its slot although it has succeeded: until requested_until, and until a run that started after it has succeeded.';
comment on column oneshot.run_requests.slot is 'Only runs for this slot; null for any.';
comment on column oneshot.run_requests.above is
  'The highest fence of the job at the time of the request: a run with a higher one started after it, whatever the clocks say.';
