-- notification-delivery: which notifications wait for a decision, and what was decided for each and each channel.

create table oneshot.notification_pending (
  notification_id text collate "C" primary key,
  queued_at timestamptz not null default now()
);
create index notification_pending_oldest on oneshot.notification_pending (queued_at, notification_id);
comment on table oneshot.notification_pending is
  'Notifications that wait for notification-delivery: a trigger (oneshot.notifications_track), the application or event-drain puts them here, in the transaction of what they do.';

create table oneshot.notification_categories (
  category text collate "C" primary key,
  -- off or immediate; email also daily or weekly.
  in_app text collate "C" not null default 'immediate',
  email text collate "C" not null default 'immediate',
  webhook text collate "C" not null default 'off',
  can_be_left boolean not null default true,
  on_doubt text collate "C" not null default 'hold' check (on_doubt in ('again', 'hold')),
  template text collate "C" not null default 'notification'
);
comment on table oneshot.notification_categories is
  'What holds for a category where a user has chosen nothing. What users choose counts only where can_be_left is true.';

create table oneshot.notification_inbox (
  user_id text collate "C" not null,
  notification_id text collate "C" not null,
  category text collate "C" not null,
  arrived_at timestamptz not null,
  read_at timestamptz,
  primary key (user_id, notification_id)
);
comment on table oneshot.notification_inbox is 'What the application shows. read_at is the application''s to write.';

create table oneshot.digest_items (
  user_id text collate "C" not null,
  frequency text collate "C" not null check (frequency in ('daily', 'weekly')),
  notification_id text collate "C" not null,
  queued_at timestamptz not null,
  digest_id uuid,
  primary key (user_id, frequency, notification_id)
);
create index digest_items_waiting on oneshot.digest_items (user_id, frequency) where digest_id is null;
create index digest_items_waiting_notifications on oneshot.digest_items (notification_id) where digest_id is null;
comment on table oneshot.digest_items is 'Notifications that wait for a digest, or are in one (digest_id).';

create table oneshot.notification_outcomes (
  notification_id text collate "C" not null,
  -- in_app, email or webhook:ENDPOINT; * for one that was gone.
  channel text collate "C" not null,
  outcome text collate "C" not null,
  delivery_id uuid,
  decided_at timestamptz not null,
  user_id text collate "C",
  category text collate "C",
  -- When an e-mail may be sent; null for all that is none.
  due_at timestamptz,
  collapse_key text collate "C",
  primary key (notification_id, channel)
);
create index notification_outcomes_mailed on oneshot.notification_outcomes (user_id, due_at) where due_at is not null;
create index notification_outcomes_collapsing on oneshot.notification_outcomes (user_id, collapse_key, decided_at)
  where collapse_key is not null;
comment on table oneshot.notification_outcomes is
  'What notification-delivery has decided, once for each notification and channel.';

-- Which of these names Postgres knows as time zones: by pg_timezone_names, not POSIX's notations and abbreviations, of
-- which it makes something else than people mean. The view reads some thousand files, so a name that has a slash and no
-- digit is tried instead: it is neither an offset nor an abbreviation.
create function oneshot.known_time_zones(names text[]) returns setof text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  zone text;
  others text[] := '{}';
begin
  foreach zone in array names loop
    if upper(zone) = 'UTC' then
      return next zone;
    elsif strpos(zone, '/') > 0 and zone !~ '[0-9]' then
      begin
        perform now() at time zone zone;
        return next zone;
      exception when invalid_parameter_value then
        null;
      end;
    elsif zone <> '' then
      others := others || zone;
    end if;
  end loop;
  if others <> '{}' then
    return query
      select other from unnest(others) as other
      where lower(other) in (select lower(name) from pg_timezone_names)
        and upper(other) not in (select abbrev from pg_timezone_abbrevs where abbrev not in ('GMT', 'UCT', 'UTC', 'Z', 'ZULU'));
  end if;
end
$$;
comment on function oneshot.known_time_zones(text[]) is
  'Those of the names that are names of time zones: what pg_timezone_names has, without abbreviations.';

-- Whether a text can be the address of a mail: one @, no control characters, and neither spaces nor <>,; outside of quotes.
create function oneshot.is_mail_address(address text) returns boolean language sql immutable strict parallel safe
return address operator(pg_catalog.~)
    '^([^[:cntrl:][:space:]<>,;@"]{1,64}|"[^[:cntrl:]"\\]{1,62}")@[^[:cntrl:][:space:]<>,;@"]{1,255}$'
  and pg_catalog.octet_length(address) operator(pg_catalog.<=) 320;

-- Queues what an application inserts, in its transaction. It only inserts, so nobody waits. It runs as its owner, on rows
-- of whoever makes such a trigger: format() calls what only a superuser can have made, and a cast anybody's.
create function oneshot.notification_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  rows text;
begin
  select new_rows into rows from oneshot.changed_rows(tg_relid, tg_name, tg_op);
  execute format(
    'insert into oneshot.notification_pending (notification_id) select format(''%%s'', id) from %s on conflict do nothing',
    rows);
  return null;
end
$$;
revoke all on function oneshot.notification_enqueue() from public;

create function oneshot.notifications_track(table_name regclass default 'notifications'::text::regclass) returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  execute format(
    'create or replace trigger oneshot_notifications after insert on %s referencing new table as oneshot_new_rows '
    'for each statement execute function oneshot.notification_enqueue()', table_name);
end
$$;
comment on function oneshot.notifications_track(regclass) is
  'Has each notification that is inserted into the table queued for notification-delivery. Its caller owns the table, and may execute oneshot.notification_enqueue().';
