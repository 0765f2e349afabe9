-- metrics-rollups: changes are noticed however they are made, and what cannot be noticed is said.
--
-- oneshot_home stands for this schema until the end of the file.

-- A null moment is no moment: an order that is not paid yet. That a table was emptied, or changed in a way of which the
-- moments are not known, has a mark of its own.
alter table oneshot.rollup_changes
  add column mark text check (mark in ('emptied', 'unknown'));
update oneshot.rollup_changes set mark = 'emptied' where occurred_at is null;
comment on table oneshot.rollup_changes is
  'Moments of which a source''s rows were changed or deleted; a mark stands for all of them. Filled by triggers, emptied by metrics-rollups.';

-- What lies in no bucket that can be calculated was queued and never taken, and held up whatever waits for the queue.
delete from oneshot.rollup_queue
where bucket_start < '0001-01-02 00:00:00+00' or bucket_start >= '9999-12-30 00:00:00+00';
alter table oneshot.rollup_queue
  add constraint rollup_queue_in_calendar check (
    bucket_start >= '0001-01-02 00:00:00+00' and bucket_start < '9999-12-30 00:00:00+00');

create table oneshot.rollup_tables (
  source text not null,
  relation text not null,
  time_column text not null,
  zone text,
  primary key (source, relation, time_column)
);
comment on table oneshot.rollup_tables is
  'Tables whose changes triggers tell metrics-rollups (oneshot.rollups_track), by name: another table may take its place.';

-- The triggers that a table needs, and where each of them has to fire: O for what applications write, R for what
-- replication applies, which fires no statement's triggers, and for sessions with session_replication_role = replica; A for both.
create function oneshot.rollup_triggers(source text, relation regclass, time_column text)
returns table (name text, fires "char", events text, function text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case when source = 'metric_events' then source else left('rollups_' || source || '_' || time_column, 50) end || part,
    fires, events, function
  from (values
    ('_deleted', 'O'::"char", 'after delete', 'referencing old table as oneshot_old_rows for each statement',
      'oneshot.note_changed_events'),
    ('_updated', 'O', 'after update',
      'referencing old table as oneshot_old_rows new table as oneshot_new_rows for each statement',
      'oneshot.note_changed_events'),
    ('_truncated', 'A', 'after truncate', 'for each statement', 'oneshot.note_changed_events'),
    ('_applied', 'R', 'after update or delete', 'for each row', 'oneshot.note_applied_event'),
    ('_copied', 'R', 'after insert', 'for each row', 'oneshot.note_applied_event')
  ) as triggers (part, fires, "when", rest, function)
  cross join lateral (select "when" || ' on ' || relation::text || ' ' || rest
    -- Rows that the server itself has numbered are found by their number.
    || case when part = '_copied' and exists (
        select from pg_attribute
        where attrelid = relation and attname = 'written_by' and atttypid = 'xid8'::regtype and not attisdropped)
      then ' when (new.written_by is distinct from pg_current_xact_id())' else '' end) as definition (events)
$$;

-- How the moment of a row is read: null where the column is not there, or of a type that is no time, or of one that tells no
-- moment without a time zone. Only types of the server's own, so nobody else's code runs.
create function oneshot.moment_of(relation oid, time_column text, zone text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case base.oid
      when 'timestamptz'::regtype then quote_ident(time_column)
      when 'timestamp'::regtype then '(' || quote_ident(time_column) || ' at time zone ' || quote_literal(zone) || ')'
      when 'date'::regtype
        then '(' || quote_ident(time_column) || '::timestamp at time zone ' || quote_literal(zone) || ')'
    end
  from pg_attribute
  join pg_type as type on type.oid = atttypid
  join pg_type as base on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
  where attrelid = relation and attname = time_column and attnum > 0 and not attisdropped
$$;

-- Inserted events are found by who wrote them; changed and deleted ones tell their moments: of each quarter of an hour the
-- first and the last, as no zone has two borders within one. Those that no calendar has are told, too, for the run to name.
--
-- What fails here fails no write of the application's: then it is noted that something unknown has changed.
create or replace function oneshot.note_changed_events() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  source constant text := coalesce(tg_argv[0], 'metric_events');
  moment text;
  rows text;
  moments timestamptz[];
begin
  -- Retention removes raw events and keeps their rollups; others say so by oneshot.close_raw.
  if current_setting('oneshot.keep_rollups', true) = 'on' then return null; end if;
  if tg_op = 'TRUNCATE' then
    insert into oneshot.rollup_changes (source, mark) values (source, 'emptied');
    return null;
  end if;
  -- Nothing is written in here, so that it takes no number of a transaction.
  begin
    moment := oneshot.moment_of(tg_relid::oid, coalesce(tg_argv[1], 'occurred_at')::text, tg_argv[2]::text);
    if moment is null then raise exception 'it has no such column of times'; end if;
    select concat_ws(
      ' union all ', 'select ' || moment || ' from ' || old_rows, 'select ' || moment || ' from ' || new_rows)
    into rows from oneshot.changed_rows(tg_relid, tg_name, tg_op);
    execute 'select array_agg(moment) from (
      select unnest(array[min(moment), max(moment)]) from (' || rows || ') as changed (moment)
      group by case
        when moment >= ''0001-03-01 00:00:00+00'' and moment < ''9999-11-01 00:00:00+00''
        then date_bin(''15 minutes'', moment, ''2000-01-01 00:00:00+00'') end) as ends (moment)' into moments;
  exception when others then
    raise warning 'metrics-rollups does not see what is changed in %: %', tg_relid::regclass, sqlerrm;
    moment := null;
  end;
  if moment is null then
    insert into oneshot.rollup_changes (source, mark) values (source, 'unknown');
  else
    insert into oneshot.rollup_changes (source, occurred_at)
    select source, told from unnest(moments) as told where told is not null;
  end if;
  return null;
end
$$;

-- The same for one row: what replication applies fires no statement's triggers.
create function oneshot.note_applied_event() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  source constant text := coalesce(tg_argv[0], 'metric_events');
  moment text;
  was timestamptz;
  becomes timestamptz;
begin
  if current_setting('oneshot.keep_rollups', true) = 'on' then return null; end if;
  begin
    moment := oneshot.moment_of(tg_relid::oid, coalesce(tg_argv[1], 'occurred_at')::text, tg_argv[2]::text);
    if moment is null then raise exception 'it has no such column of times'; end if;
    if tg_op <> 'INSERT' then execute 'select ' || moment || ' from (select ($1).*) as changed' into was using old; end if;
    if tg_op <> 'DELETE' then execute 'select ' || moment || ' from (select ($1).*) as changed' into becomes using new; end if;
  exception when others then
    raise warning 'metrics-rollups does not see what is changed in %: %', tg_relid::regclass, sqlerrm;
    moment := null;
  end;
  if moment is null then
    insert into oneshot.rollup_changes (source, mark) values (source, 'unknown');
  else
    insert into oneshot.rollup_changes (source, occurred_at)
    select distinct source, told from unnest(array[was, becomes]) as told where told is not null;
  end if;
  return null;
end
$$;
revoke all on function oneshot.note_applied_event() from public;

-- As oneshot.rollups_track would make them.
create trigger metric_events_applied after update or delete on metric_events
  for each row execute function oneshot.note_applied_event('metric_events', 'occurred_at');
create trigger metric_events_copied after insert on metric_events
  for each row when (new.written_by is distinct from pg_current_xact_id())
  execute function oneshot.note_applied_event('metric_events', 'occurred_at');
alter table metric_events enable replica trigger metric_events_applied;
alter table metric_events enable replica trigger metric_events_copied;
alter table metric_events enable always trigger metric_events_truncated;
insert into oneshot.rollup_tables (source, relation, time_column)
values ('metric_events', quote_ident(current_schema()::text) || '.metric_events', 'occurred_at');

-- Makes the triggers by which a source hears what is changed in, deleted from or emptied out of a table; where they are already, anew.
create function oneshot.rollups_track(source text, relation regclass, time_column text, zone text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  needed record;
begin
  if oneshot.moment_of(relation::oid, time_column, coalesce(zone, 'UTC')) is null then
    raise exception 'the table % has no column % that is a timestamptz, a timestamp or a date', relation,
        coalesce(quote_ident(time_column), 'null')
      using errcode = 'undefined_column', hint = format(
        'Name the column of its times: select oneshot.rollups_track(%L, %L, ''...'')', source, relation);
  end if;
  if zone is null and oneshot.moment_of(relation::oid, time_column, null) is null then
    raise exception '% of the table % has no time zone', quote_ident(time_column), relation
      using errcode = 'invalid_parameter_value', hint = format(
        'Say in which zone it is read: select oneshot.rollups_track(%L, %L, %L, ''...'')', source, relation, time_column);
  end if;
  for needed in select * from oneshot.rollup_triggers(source, relation, time_column) loop
    execute format('create or replace trigger %I %s execute function %s(%L, %L%s)', needed.name, needed.events,
      needed.function, source, time_column, ', ' || quote_literal(zone));
    execute format('alter table %s enable %s trigger %I', relation,
      case needed.fires when 'A' then 'always' when 'R' then 'replica' else '' end, needed.name);
  end loop;
  insert into oneshot.rollup_tables as t (source, relation, time_column, zone)
  values (rollups_track.source, rollups_track.relation::text, rollups_track.time_column, rollups_track.zone)
  on conflict on constraint rollup_tables_pkey do update set zone = excluded.zone;
end
$$;

-- Removes what oneshot.rollups_track has made.
create function oneshot.rollups_untrack(source text, relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  tracked text;
  needed text;
begin
  for tracked in
    delete from oneshot.rollup_tables as t
    where t.source = rollups_untrack.source and t.relation = rollups_untrack.relation::text returning t.time_column
  loop
    for needed in select name from oneshot.rollup_triggers(source, relation, tracked) loop
      execute format('drop trigger if exists %I on %s', needed, relation);
    end loop;
  end loop;
end
$$;

-- As rollups_0004_definer_functions.sql makes it, but that a null moment is none.
create or replace function oneshot.close_raw(source text, before timestamptz) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- Policies of metric_events' owner would run as this function's.
set row_security = off as $$
declare
  place oneshot.rollup_positions;
  border timestamptz;
begin
  select p.* into place from oneshot.rollup_positions as p where p.source = close_raw.source for update;
  if place.seen is null and place.looked_until is null then
    raise exception 'metrics-rollups has not looked at % yet', source using hint = 'Run it first.';
  end if;
  border := oneshot.bucket_start('daily'::text, before, place.timezone);
  if border <> before then
    raise exception '% is not where a day begins in %', before, place.timezone
      using hint = format('The day begins at %s.', border);
  end if;
  if before > coalesce(place.raw_from, '-infinity'::timestamptz) then
    if close_raw.source = 'metric_events' then perform oneshot.check_metric_events(); end if;
    if exists (
        select from oneshot.rollup_queue as q
        where q.source = close_raw.source and q.granularity = 'hourly' and q.bucket_start < before)
      or exists (
        select from oneshot.rollup_changes as c
        where c.source = close_raw.source and (c.mark is not null or c.occurred_at < before))
      or close_raw.source = 'metric_events' and exists (
        select from oneshot_home.metric_events as e
        where e.occurred_at < before
          and (place.seen is null or e.written_by >= pg_snapshot_xmax(place.seen)
            or e.written_by = any (array(select pg_snapshot_xip(place.seen))))) then
      raise exception 'not all of % before % is rolled up', source, before using hint = 'Run metrics-rollups first.';
    end if;
    -- What retention has begun to remove, it removes to its end; the rest is the caller's.
    update oneshot.rollup_positions as p
    set raw_from = before, raw_removed_until =
      case when p.raw_removed_until is not distinct from p.raw_from then before else p.raw_removed_until end
    where p.source = close_raw.source;
  end if;
  perform set_config('oneshot.keep_rollups', 'on', true);
end
$$;

do $$
declare
  home constant text := quote_ident(current_schema()::text);
  definition text;
begin
  for definition in
    select pg_get_functiondef(oid) from pg_proc
    where oid = 'oneshot.close_raw(text, timestamptz)'::regprocedure
  loop
    execute replace(definition, 'oneshot_home', home);
  end loop;
end
$$;
