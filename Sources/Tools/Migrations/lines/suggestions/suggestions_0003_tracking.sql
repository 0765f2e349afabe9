-- suggested-users: ids are queued as the job has them, and the tables behind views are tracked, too.

-- As suggestions_0001_tables.sql makes it, but that ids of the type char(n) are queued without the blanks at their end: a
-- cast to text takes those away, and with it every other text of the job.
create or replace function oneshot.suggest_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  urgency constant smallint := case tg_op when 'INSERT' then tg_argv[0] else tg_argv[1] end;
  number integer;
  is_padded boolean;
  rows text;
  ids text[] := '{}';
  problem text;
begin
  -- Nothing is written in here, so that it takes no number of a transaction.
  begin
    if tg_op = 'TRUNCATE' then
      rows := 'select user_id from oneshot.suggestion_lists';
    else
      if tg_level = 'STATEMENT' then
        select concat_ws(' union all ', 'select * from ' || new_rows, 'select * from ' || old_rows) into rows
        from oneshot.changed_rows(tg_relid, tg_name, tg_op);
      else
        rows := concat_ws(' union all ',
          case when tg_op <> 'DELETE' then 'select ($2).*' end, case when tg_op <> 'INSERT' then 'select ($3).*' end);
      end if;
      for number in 2..tg_nargs - 1 loop
        -- A domain is written as the type that it is of.
        select typoutput = 'bpcharout'::regproc into is_padded
        from pg_attribute join pg_type on pg_type.oid = atttypid
        where attrelid = tg_relid and attname = tg_argv[number] and attnum > 0 and not attisdropped;
        if not found then raise exception 'it has no column %', quote_ident(tg_argv[number]); end if;
        ids := ids || format('select %s as user_id from changed where num_nulls(%2$I) = 0',
          format(case when is_padded then 'rtrim(format(''%%s'', %I))' else 'format(''%%s'', %I)' end, tg_argv[number]),
          tg_argv[number]);
      end loop;
      rows := format('with changed as (%s) %s', rows, array_to_string(ids, ' union '));
    end if;
    rows := 'insert into oneshot.suggestion_pending (user_id, urgency) select user_id, $1 from (' || rows || ') as queued';
  exception when others then
    problem := sqlerrm;
  end;
  if problem is null then
    begin
      execute rows using urgency, new, old;
      return null;
    exception when others then
      problem := sqlerrm;
    end;
  end if;
  begin
    insert into oneshot.suggestion_unknown (reason)
    values (left(format('of the table %s: %s', tg_relid::regclass, problem), 1000));
  exception when others then
    problem := concat_ws('; ', problem, sqlerrm);
  end;
  raise warning 'suggested-users does not see what is changed in %: %', tg_relid::regclass, problem
    using hint = 'Its next runs make all lists again; suggested-users --check says what is wrong.';
  return null;
end $$;

-- What each table tells: how urgent an insertion and a deletion are, the columns with the users, whether updates count.
create function oneshot.suggest_tables()
returns table (name text, insertion text, deletion text, columns text[], is_updated boolean)
language sql immutable
as $$
  values
    ('follows', '1', '0', array['follower_id'], true),
    ('follow_requests', '1', '1', array['follower_id'], true),
    ('blocks', '0', '0', array['user_id', 'target_id'], true),
    ('mutes', '0', '0', array['user_id'], true),
    ('suggestion_dismissals', '0', '0', array['user_id'], true),
    -- Who is new, or gone. What else is updated in it, their last visit for one, changes too often to be queued.
    ('users', '1', '0', array['id'], false)
$$;

-- The tables that are tracked by their names, as the caller finds them. A view has no rows of its own to be changed.
create or replace function oneshot.suggest_sources() returns table (source regclass, arguments text[], is_updated boolean)
language sql stable
as $$
  select pg_class.oid::pg_catalog.regclass, array[t.insertion, t.deletion] operator(pg_catalog.||) t.columns, t.is_updated
  from oneshot.suggest_tables() as t
  join pg_catalog.pg_class on pg_class.oid operator(pg_catalog.=) pg_catalog.to_regclass(t.name)
  where relkind in ('r', 'p')
$$;

-- Makes the triggers of a table, or replaces those that are there, so that it is in nobody's way who reads the table. Its
-- arguments: the name that it has for the job, and its columns with the users, where they have other names.
create function oneshot.suggest_track(source regclass, variadic arguments text[]) returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  told record;
  columns text[];
  missing text;
  prefix text;
  needed record;
begin
  select * into told from oneshot.suggest_tables() as t where t.name = arguments[1];
  if not found then
    raise exception 'suggested-users reads no table %', coalesce(quote_literal(arguments[1]), 'null')
      using errcode = 'invalid_parameter_value', hint = format('Name one of %s.',
        (select string_agg(t.name, ', ') from oneshot.suggest_tables() as t));
  end if;
  columns := coalesce(nullif(arguments[2:], '{}'), told.columns);
  if cardinality(columns) <> cardinality(told.columns) then
    raise exception 'these are % columns instead of %', cardinality(columns), cardinality(told.columns)
      using errcode = 'invalid_parameter_value', hint = format('Name the columns that stand for %s.',
        array_to_string(told.columns, ', '));
  end if;
  -- Else nothing of what changes in it would be known.
  select string_agg(quote_ident(wanted), ', ') into missing from unnest(columns) as wanted
  where not exists (
    select from pg_attribute where attrelid = source and attname = wanted and attnum > 0 and not attisdropped);
  if missing is not null then
    raise exception 'the table % has no column %', source, missing
      using errcode = 'undefined_column', hint = format('Name the columns that stand for %s.',
        array_to_string(told.columns, ', '));
  end if;
  -- One table may stand for several.
  select case when relname = told.name then 'suggest_' else format('suggest_%s_', told.name) end into prefix
  from pg_class where oid = source;
  for needed in
    select prefix || part as name, fires, events, rows
    from (values
      ('insert', true, '', 'after insert', 'referencing new table as oneshot_new_rows for each statement'),
      ('delete', true, '', 'after delete', 'referencing old table as oneshot_old_rows for each statement'),
      ('update', told.is_updated, '', 'after update',
        'referencing old table as oneshot_old_rows new table as oneshot_new_rows for each statement'),
      ('truncate', true, 'always', 'after truncate', 'for each statement'),
      ('applied', true, 'replica',
        case when told.is_updated then 'after insert or update or delete' else 'after insert or delete' end,
        'for each row')) as triggers (part, is_needed, fires, events, rows)
    where is_needed
  loop
    execute format('create or replace trigger %I %s on %s %s execute function oneshot.suggest_enqueue(%s)',
      needed.name, needed.events, source, needed.rows,
      (select string_agg(quote_literal(argument), ', ' order by place)
        from unnest(array[told.insertion, told.deletion] || columns) with ordinality as a (argument, place)));
    execute format('alter table %s enable %s trigger %I', source, needed.fires, needed.name);
  end loop;
end $$;
comment on function oneshot.suggest_track(regclass, text[]) is
  'Makes triggers on a table behind a view: suggest_track(''app.relations'', ''follows'', ''source_id''). Its caller owns the table, and may execute oneshot.suggest_enqueue().';

-- As suggestions_0001_tables.sql makes it, but that a view among them keeps no other from being tracked.
create or replace function oneshot.suggest_track() returns setof regclass language plpgsql
as $$
declare
  tracked record;
begin
  for tracked in
    select t.name, pg_class.oid::pg_catalog.regclass as source, relkind in ('r', 'p') as has_rows
    from oneshot.suggest_tables() as t
    join pg_catalog.pg_class on pg_class.oid operator(pg_catalog.=) pg_catalog.to_regclass(t.name)
  loop
    if tracked.has_rows then
      perform oneshot.suggest_track(tracked.source, tracked.name);
      return next tracked.source;
    else
      raise warning '% is no table, so no trigger can queue what changes in it', tracked.source
        using hint = pg_catalog.format(
          'For each table behind it: select oneshot.suggest_track(''TABLE'', %L, ''COLUMN'')', tracked.name);
    end if;
  end loop;
end $$;
