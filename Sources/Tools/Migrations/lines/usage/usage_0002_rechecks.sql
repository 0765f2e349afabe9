-- usage-aggregation: when completed days were read again, and when they last changed.

-- Null in rows of before: such a day is not read again.
alter table oneshot.usage_days
  add column read_for timestamptz,
  add column changed_at timestamptz;
comment on column oneshot.usage_days.read_for is 'The moment that the run was for which last read the whole day.';
comment on column oneshot.usage_days.changed_at is
  'When a run that read the whole day last wrote any of its rows; null where none has since this is noted.';
