-- notification-digest: which digests were made, and which one a user is to get next.

create table oneshot.digests (
  digest_id uuid primary key,
  user_id text collate "C" not null,
  frequency text collate "C" not null check (frequency in ('daily', 'weekly')),
  -- The time that it is for, not the one when it was made.
  due_at timestamptz not null,
  items integer not null,
  first_item_at timestamptz,
  last_item_at timestamptz,
  delivery_id uuid not null,
  made_at timestamptz not null,
  unique (user_id, frequency, due_at)
);
comment on table oneshot.digests is 'Digests that were made, each with its row of oneshot.deliveries. Their items: oneshot.digest_items.digest_id.';

create table oneshot.digest_state (
  user_id text collate "C" not null,
  frequency text collate "C" not null,
  last_due_at timestamptz not null,
  last_digest_at timestamptz,
  primary key (user_id, frequency)
);
comment on table oneshot.digest_state is
  'Up to which due time each user is done, whether there was a digest then (last_digest_at) or not.';

create index digest_items_by_user on oneshot.digest_items (frequency, user_id, queued_at) where digest_id is null;
create index digest_items_oldest on oneshot.digest_items (queued_at) where digest_id is null;

-- The last due time at or before a moment, by the wall clock of a zone. The date comes from the moment: a day that a zone
-- has left out is never due. A time that does not exist is later on the clock, of one that exists twice it is the second.
-- It may be after the moment where the day before is such a day; then nothing is due.
create function oneshot.digest_due(moment timestamptz, zone text, at_time time, weekday integer default null)
returns timestamptz language sql stable parallel safe
return (
  select case when first_due <= moment then first_due
      else (day - case when weekday is null then 1 else 7 end + at_time) at time zone zone end
  from (select (moment at time zone zone)::date as today) as t
  cross join lateral (
    select case when weekday is null then today
      else today - (extract(isodow from today)::integer - weekday + 7) % 7 end as day) as d
  cross join lateral (select (day + at_time) at time zone zone as first_due) as f
);
comment on function oneshot.digest_due(timestamptz, text, time, integer) is
  'When a digest was last due; weekday is 1 for Monday, and null for a daily one.';

-- A text as a value of the type of another one; null where it cannot be one.
create function oneshot.as_type(value text, sample anyelement) returns anyelement language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  result sample%type;
begin
  result := value;
  return result;
exception when data_exception then
  return null;
end
$$;
