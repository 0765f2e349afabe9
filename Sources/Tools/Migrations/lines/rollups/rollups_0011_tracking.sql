-- metrics-rollups: triggers are known by what they tell, and tables by their number, too; what cannot be read is named; who owns a
-- table of a source tracks it by himself.
--
-- oneshot_home stands for this schema until the end of the file.

alter table oneshot.rollup_tables
  add column relid oid;
comment on column oneshot.rollup_tables.relid is
  'The number of the table, which it keeps when it is renamed. Another table may take the name, and after a restore only the name is right.';
update oneshot.rollup_tables as t
set relid = pg_class.oid
from pg_class join pg_namespace on pg_namespace.oid = relnamespace
where array[nspname::text, relname::text] = parse_ident(t.relation);

-- As rollups_0007_noticing.sql makes it, but for the names: those of two sources or columns were the same where they began alike, or
-- where one ended as the other went on.
create or replace function oneshot.rollup_triggers(source text, relation regclass, time_column text)
returns table (name text, fires "char", events text, function text)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select case
      when source = 'metric_events' and time_column = 'occurred_at' then source
      else 'rollups_'
        || left(encode(sha256(convert_to(format('%L %L', source, time_column), getdatabaseencoding())), 'hex'), 16)
    end || part, fires, events, function
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

-- The triggers that are there and tell of a source, whatever their names are. Those of metric_events were made without arguments.
create function oneshot.rollup_triggers_made(source text)
returns table (relation oid, time_column text, part text, name name, enabled "char", parent oid)
language sql stable set search_path = pg_catalog, pg_temp as $$
  select tgrelid, told.time_column,
    case tgtype
      when 8 then '_deleted' when 16 then '_updated' when 32 then '_truncated' when 25 then '_applied' when 5 then '_copied'
    end, tgname, tgenabled, tgparentid
  from pg_trigger
  cross join lateral string_to_array(encode(tgargs, 'escape'), '\000') as words
  cross join lateral (
    select
      case when tgnargs < 1 then 'metric_events' else convert_from(decode(words[1], 'escape'), getdatabaseencoding()) end,
      case when tgnargs < 2 then 'occurred_at' else convert_from(decode(words[2], 'escape'), getdatabaseencoding()) end
  ) as told (source, time_column)
  where tgfoid in (to_regproc('oneshot.note_changed_events'), to_regproc('oneshot.note_applied_event'))
    and told.source = rollup_triggers_made.source
$$;

-- Why the moments of a table's rows cannot be read; null if they can.
create function oneshot.rollups_unreadable(relation oid, time_column text, zone text) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
begin
  if oneshot.moment_of(relation, time_column, coalesce(zone, 'UTC')) is null then
    return format('it has no column %s that is a timestamptz, a timestamp or a date', coalesce(quote_ident(time_column), 'null'));
  elsif oneshot.moment_of(relation, time_column, zone) is null then
    return format('its column %I has no time zone', time_column);
  end if;
  perform now() at time zone zone;
  return null;
exception when invalid_parameter_value then
  return format('there is no time zone %L', zone);
end
$$;

-- As rollups_0007_noticing.sql makes it, for tables that are tracked: who may make a trigger of it could say of any source that it was
-- emptied.
create or replace function oneshot.note_changed_events() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_source constant text := coalesce(tg_argv[0], 'metric_events');
  moment text;
  rows text;
  moments timestamptz[];
begin
  -- Retention removes raw events and keeps their rollups; others say so by oneshot.close_raw.
  if current_setting('oneshot.keep_rollups', true) = 'on' then return null; end if;
  if not exists (
    select from oneshot.rollup_tables as t
    where t.source = of_source and (t.relid = tg_relid or t.relation = tg_relid::regclass::text))
  then
    raise warning 'metrics-rollups does not see what is changed in %: it is not tracked for %', tg_relid::regclass, of_source;
    return null;
  end if;
  if tg_op = 'TRUNCATE' then
    insert into oneshot.rollup_changes (source, mark) values (of_source, 'emptied');
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
    insert into oneshot.rollup_changes (source, mark) values (of_source, 'unknown');
  else
    insert into oneshot.rollup_changes (source, occurred_at)
    select of_source, told from unnest(moments) as told where told is not null;
  end if;
  return null;
end
$$;

-- The same for one row, of a table or of its partition. What most tables have, a timestamptz occurred_at, is read without a statement:
-- replication applies one row after the other.
create or replace function oneshot.note_applied_event() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  of_source constant text := coalesce(tg_argv[0], 'metric_events');
  time_column constant text := coalesce(tg_argv[1], 'occurred_at');
  is_plain boolean := false;
  moment text;
  was timestamptz;
  becomes timestamptz;
begin
  if current_setting('oneshot.keep_rollups', true) = 'on' then return null; end if;
  if not exists (
    select from oneshot.rollup_tables as t
    where t.source = of_source and (t.relid = tg_relid or t.relation = tg_relid::regclass::text
      or exists (
        select from pg_partition_ancestors(tg_relid) as above (id) where above.id = t.relid or above.id::text = t.relation)))
  then
    raise warning 'metrics-rollups does not see what is changed in %: it is not tracked for %', tg_relid::regclass, of_source;
    return null;
  end if;
  begin
    if time_column = 'occurred_at' and tg_nargs < 3 then
      if tg_op = 'DELETE' then is_plain := pg_typeof(old.occurred_at) = 'timestamptz'::regtype;
      else is_plain := pg_typeof(new.occurred_at) = 'timestamptz'::regtype;
      end if;
    end if;
    if is_plain then
      moment := time_column;
      if tg_op <> 'INSERT' then was := old.occurred_at; end if;
      if tg_op <> 'DELETE' then becomes := new.occurred_at; end if;
    else
      moment := oneshot.moment_of(tg_relid::oid, time_column, tg_argv[2]::text);
      if moment is null then raise exception 'it has no such column of times'; end if;
      if tg_op <> 'INSERT' then execute 'select ' || moment || ' from (select ($1).*) as changed' into was using old; end if;
      if tg_op <> 'DELETE' then execute 'select ' || moment || ' from (select ($1).*) as changed' into becomes using new; end if;
    end if;
  exception when others then
    raise warning 'metrics-rollups does not see what is changed in %: %', tg_relid::regclass, sqlerrm;
    moment := null;
  end;
  if moment is null then
    insert into oneshot.rollup_changes (source, mark) values (of_source, 'unknown');
  else
    insert into oneshot.rollup_changes (source, occurred_at)
    select distinct of_source, told from unnest(array[was, becomes]) as told where told is not null;
  end if;
  return null;
end
$$;

-- Puts a table into the list of a source, or, without a column, takes it out: who owns a table need have no right to the list itself.
-- Returns how many there were.
create function oneshot.rollups_list(source text, relation regclass, time_column text, zone text) returns bigint
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  removed bigint;
begin
  if not pg_has_role(session_user, (select relowner from pg_class where oid = relation), 'member') then
    raise exception 'the table % is not yours', relation using errcode = 'insufficient_privilege';
  end if;
  if source = 'metric_events' and not pg_has_role(session_user, current_user, 'member') and not exists (
    select from oneshot.rollup_tables as t
    where t.source = rollups_list.source and (t.relid = rollups_list.relation or t.relation = rollups_list.relation::text))
  then
    raise exception 'metric_events is no source of your own' using errcode = 'insufficient_privilege';
  end if;
  delete from oneshot.rollup_tables as t
  where t.source = rollups_list.source and (t.relid = rollups_list.relation or t.relation = rollups_list.relation::text)
    and t.time_column = coalesce(rollups_list.time_column, t.time_column);
  get diagnostics removed = row_count;
  if time_column is not null then
    insert into oneshot.rollup_tables (source, relation, time_column, zone, relid)
    values (rollups_list.source, rollups_list.relation::text, rollups_list.time_column, rollups_list.zone, rollups_list.relation);
  end if;
  return removed;
end
$$;
comment on function oneshot.rollups_list is
  'Puts a table into oneshot.rollup_tables, or, without a column, takes it out: for oneshot.rollups_track and rollups_untrack.';
revoke all on function oneshot.rollups_list(text, regclass, text, text) from public;

-- Makes the triggers by which a source hears what is changed in, deleted from or emptied out of a table, or replaces those that are there.
create or replace function oneshot.rollups_track(source text, relation regclass, time_column text, zone text default null) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  problem constant text := oneshot.rollups_unreadable(relation::oid, time_column, zone);
  needed record;
  old name;
begin
  if problem is not null then
    raise exception 'the table % cannot be tracked: %', relation, problem
      using errcode = 'invalid_parameter_value', hint = format(
        'Name the column of its times, and the zone of one that has none: select oneshot.rollups_track(%L, %L, ''...'', ''...'')',
        source, relation);
  end if;
  for needed in select * from oneshot.rollup_triggers(source, relation, time_column) loop
    for old in
      select made.name from oneshot.rollup_triggers_made(source) as made
      where made.relation = rollups_track.relation and made.time_column = rollups_track.time_column
        and right(needed.name, length(made.part)) = made.part and made.name <> needed.name
    loop
      execute format('drop trigger %I on %s', old, relation);
    end loop;
    execute format('create or replace trigger %I %s execute function %s(%L, %L%s)', needed.name, needed.events,
      needed.function, source, time_column, ', ' || quote_literal(zone));
    execute format('alter table %s enable %s trigger %I', relation,
      case needed.fires when 'A' then 'always' when 'R' then 'replica' else '' end, needed.name);
  end loop;
  perform oneshot.rollups_list(source, relation, time_column, zone);
end
$$;
comment on function oneshot.rollups_track is
  'Makes triggers on a table that tell metrics-rollups what is changed in it: rollups_track(''revenue'', ''orders'', ''paid_at''). Its caller owns the table, and may execute oneshot.note_changed_events(), oneshot.note_applied_event() and oneshot.rollups_list().';

-- Removes what oneshot.rollups_track has made.
create or replace function oneshot.rollups_untrack(source text, relation regclass) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  old name;
  dropped bigint := 0;
begin
  for old in
    select made.name from oneshot.rollup_triggers_made(source) as made
    where made.relation = rollups_untrack.relation and made.parent = 0
  loop
    execute format('drop trigger %I on %s', old, relation);
    dropped := dropped + 1;
  end loop;
  if dropped + oneshot.rollups_list(source, relation, null, null) = 0 then
    raise exception 'the table % is not tracked for %', relation, source using errcode = 'undefined_object';
  end if;
end
$$;

-- As rollups_0009_source_texts.sql makes it, but that it finds the triggers of tables that were renamed.
create or replace function oneshot.rollups_forget(source text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  tracked regclass;
begin
  if source = 'metric_events' then
    raise exception 'metric_events is no source of your own'
      using errcode = 'invalid_parameter_value', hint = 'To calculate it from its beginning: ROLLUPS_MODE=rebuild.';
  end if;
  -- First, so that a run that has the source waits.
  delete from oneshot.rollup_positions as p where p.source = rollups_forget.source;
  for tracked in
    select distinct made.relation from oneshot.rollup_triggers_made(source) as made where made.parent = 0
  loop
    perform oneshot.rollups_untrack(source, tracked);
  end loop;
  delete from oneshot.rollup_tables as t where t.source = rollups_forget.source;
  delete from oneshot.rollup_queue as q where q.source = rollups_forget.source;
  delete from oneshot.rollup_changes as c where c.source = rollups_forget.source;
  delete from oneshot_home.metric_rollups as r where r.source = rollups_forget.source;
end
$$;

-- plan: the triggers of tables that are tracked get names of which no two are the same, where the role owns the table
do $$
declare
  role oid;
  made record;
begin
  execute replace(
    pg_get_functiondef('oneshot.rollups_forget(text)'::regprocedure), 'oneshot_home', quote_ident(current_schema()::text));
  -- Who may make such triggers may go on doing so.
  for role in
    select grantee from pg_proc cross join aclexplode(proacl)
    where pg_proc.oid = 'oneshot.note_changed_events()'::regprocedure and grantee not in (0, proowner)
  loop
    execute format('grant execute on function oneshot.rollups_list(text, regclass, text, text) to %s', role::regrole);
  end loop;
  for made in
    select old.relation::regclass as relation, old.name, needed.name as becomes
    from (select distinct source from oneshot.rollup_tables) as tracked
    cross join lateral oneshot.rollup_triggers_made(source) as old
    cross join lateral oneshot.rollup_triggers(source, old.relation, old.time_column) as needed
    where old.parent = 0 and right(needed.name, length(old.part)) = old.part and old.name <> needed.name
  loop
    begin
      execute format('alter trigger %I on %s rename to %I', made.name, made.relation, made.becomes);
    exception when insufficient_privilege then
      -- It is known by what it tells.
      null;
    end;
  end loop;
end
$$;
