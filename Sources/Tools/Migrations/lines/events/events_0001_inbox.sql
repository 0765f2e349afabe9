-- event-drain: which events are known, how far each source is read, and the events that are written in Postgres itself.

create table oneshot.event_inbox (
  event_id text collate "C" primary key,
  state text collate "C" not null check (state in ('done', 'waiting', 'dead')),
  type text collate "C" not null,
  seen_at timestamptz not null,
  -- Set while it waits or is dead.
  event jsonb,
  attempts integer,
  last_error text,
  -- Set while it waits. The place is its order among those of one partition; the key is set where later events of that
  -- key wait behind it.
  source text collate "C",
  partition integer,
  place bigint,
  key text collate "C",
  due_at timestamptz
);
create index event_inbox_due on oneshot.event_inbox (source, partition, place) where state = 'waiting';
create index event_inbox_waiting_keys on oneshot.event_inbox (key) where state = 'waiting' and key is not null;
create index event_inbox_old on oneshot.event_inbox using brin (seen_at);
comment on table oneshot.event_inbox is
  'One row for each event that event-drain knows, written in the transaction of its effect. Whoever delivers an event again finds it here.';

create table oneshot.event_positions (
  source text collate "C" not null,
  partition integer not null,
  position text collate "C" not null,
  batch bigint not null default 0,
  tries integer not null default 0,
  entries_added bigint,
  entries_read bigint not null default 0,
  moved_at timestamptz not null,
  run_id uuid not null,
  primary key (source, partition)
);
comment on table oneshot.event_positions is
  'How far event-drain has read each partition: the last entry whose outcome is committed. tries counts runs that found unfinished work here; entries_read those since entries_added was noted.';

create table oneshot.events (
  seq bigint generated always as identity primary key,
  dedup text collate "C" unique,
  event jsonb not null,
  run_id uuid,
  written_at timestamptz not null default now(),
  written_by xid8 not null default pg_current_xact_id()
);
create index events_by_writer on oneshot.events (written_by);
comment on table oneshot.events is
  'Events, each written in the transaction of what it reports: by applications (dedup and event are all they write) and by jobs. A reader keeps a snapshot as its position, never the last seq.';

-- Reads one event, whatever it holds: what cannot be read is a problem of this event, and of no other.
create function oneshot.event_read(
  payload text, is_fields boolean, out event jsonb, out happened_at timestamptz, out problem text)
language plpgsql stable parallel safe as $$
begin
  begin
    event := payload::pg_catalog.jsonb;
    -- In an entry whose fields are the envelope's members every value is a text, and data is JSON in one.
    if is_fields and pg_catalog.jsonb_typeof(event -> 'data') = 'string' then
      event := pg_catalog.jsonb_set(event, '{data}', (event ->> 'data')::pg_catalog.jsonb);
    end if;
  exception when others then
    event := null;
    problem := case sqlstate
      when '22P02' then 'it is not JSON'
      when '22P05' then 'it holds \u0000, which Postgres cannot store'
      when '22003' then 'it holds a number beyond what Postgres stores'
      when '54001' then 'it is nested too deep'
      else 'Postgres cannot read it (SQLSTATE ' || sqlstate || ')'
    end;
    return;
  end;
  if event ->> 'timestamp' ~ '^[0-9]{4}-' then
    begin
      happened_at := (event ->> 'timestamp')::pg_catalog.timestamptz;
    exception when others then
      null;
    end;
  end if;
end
$$;
