-- reindex: triggers that never break a write and fire wherever rows are written, and a list of the tables that have them.
--
-- As in search_0001_documents.sql: the functions' search_path has nothing but pg_catalog, and oneshot_home in them
-- stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

create table oneshot.search_tracked (
  entity text collate "C" not null,
  relation text collate "C" not null,
  id_column text not null,
  -- What a run has last seen of its triggers and columns, and of the queue, in the catalog: who disables a trigger and
  -- enables it again, leaves another version of it.
  seen bigint,
  primary key (entity, relation)
);
comment on table oneshot.search_tracked is
  'Tables whose changes triggers queue in search_pending (oneshot.search_track), by name: another table may take its place.';

create table oneshot.search_unknown (
  id bigint generated always as identity primary key,
  entity text collate "C" not null,
  reason text not null,
  noted_at timestamptz not null default clock_timestamp(),
  -- Which share of how many is to be read; null until a run has divided it.
  shard integer,
  shards integer,
  -- The pass that reads all of the entity, once it has begun after this was noted.
  pass text
);
comment on table oneshot.search_unknown is
  'Entities of which something unknown has changed, because a trigger could not queue it: reindex reads all of them, and removes the row.';

-- The triggers that a table needs, and where each of them has to fire: O for what applications write, R for what
-- replication applies, which fires no statement's triggers, and for sessions with session_replication_role = replica; A
-- for both. They name the rows as no table of the application's is named (oneshot.changed_rows).
create function oneshot.search_triggers(entity text) returns table (name text, fires "char", events text, rows text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select left('search_' || entity, 54) || '_' || part, fires, events, rows
  from (values
    ('insert', 'O'::"char", 'after insert', 'referencing new table as oneshot_new_rows for each statement'),
    ('delete', 'O', 'after delete', 'referencing old table as oneshot_old_rows for each statement'),
    ('update', 'O', 'after update',
      'referencing old table as oneshot_old_rows new table as oneshot_new_rows for each statement'),
    ('truncate', 'A', 'after truncate', 'for each statement'),
    ('applied', 'R', 'after insert or update or delete', 'for each row')) as triggers (part, fires, events, rows)
$$;

-- Triggers that queue what changes. Who changes a table need not know of the queue, nor have a right to it; and whatever
-- fails here fails no write of the application's: then it is noted that something unknown has changed.
--
-- It runs as its owner, on rows of whoever makes such a trigger. So no code of theirs may run in it: the rows are those
-- of the trigger's own tables; a cast to text may be anybody's, but for the types of pg_catalog; what format() calls,
-- only a superuser can have made.
create or replace function oneshot.search_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  entity constant text := tg_argv[0];
  is_built_in boolean;
  rows text;
  problem text;
begin
  -- Nothing is written in here, so that it takes no number of a transaction.
  begin
    if tg_op = 'TRUNCATE' then
      rows := 'select entity, entity_id from oneshot_home.search_documents where entity = $1';
    else
      select base.typnamespace = 'pg_catalog'::regnamespace into is_built_in
      from pg_attribute join pg_type as type on type.oid = atttypid
      join pg_type as base on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
      where attrelid = tg_relid and attname = tg_argv[1] and attnum > 0 and not attisdropped;
      if not found then raise exception 'it has no column %', quote_ident(tg_argv[1]); end if;
      if tg_level = 'ROW' then
        rows := concat_ws(' union ',
          case when tg_op <> 'DELETE' then format('select ($2).%I', tg_argv[1]) end,
          case when tg_op <> 'INSERT' then format('select ($3).%I', tg_argv[1]) end);
      else
        select concat_ws(
          ' union ', format('select %I from ', tg_argv[1]) || new_rows,
          format('select %I from ', tg_argv[1]) || old_rows)
        into rows from oneshot.changed_rows(tg_relid, tg_name, tg_op);
      end if;
      rows := format('select $1, %s from (%s) as changed (id) where num_nulls(id) = 0',
        case when is_built_in then 'id::text' else 'format(''%s'', id)' end, rows);
    end if;
    rows := 'insert into oneshot_home.search_pending (entity, entity_id) ' || rows;
  exception when others then
    problem := sqlerrm;
  end;
  if problem is null then
    -- What has written the queue once keeps it as it is until its transaction ends. So this takes one number for each
    -- transaction, not one for each statement: of those that have many, all others would be slower.
    if is_built_in and current_setting('oneshot.search_queue', true) = 'open' then
      execute rows using entity, new, old;
      return null;
    end if;
    begin
      execute rows using entity, new, old;
      perform set_config('oneshot.search_queue', 'open', true);
      return null;
    exception when others then
      problem := sqlerrm;
    end;
  end if;
  -- Once in a transaction, however many rows are applied one by one.
  if strpos(current_setting('oneshot.search_unknown', true), '/' || entity || '/') > 0 then return null; end if;
  begin
    insert into oneshot.search_unknown (entity, reason)
    values (entity, left(format('of the table %s: %s', tg_relid::regclass, problem), 1000));
    perform set_config(
      'oneshot.search_unknown', concat(current_setting('oneshot.search_unknown', true), '/', entity, '/'), true);
  exception when others then
    problem := concat_ws('; ', problem, sqlerrm);
  end;
  raise warning 'reindex does not see what is changed in %: %', tg_relid::regclass, problem
    using hint = 'Its next run reads all of it; reindex --check says what is wrong.';
  return null;
end $$;

-- Puts a table into the list, or, without a column, takes it out: who owns a table need have no right to the list itself.
create function oneshot.search_list(source regclass, entity text, id_column text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if id_column is null then
    delete from oneshot.search_tracked as t
    where t.entity = search_list.entity and t.relation = search_list.source::text;
    return;
  end if;
  insert into oneshot.search_tracked as t (entity, relation, id_column)
  values (search_list.entity, search_list.source::text, search_list.id_column)
  on conflict on constraint search_tracked_pkey do update set id_column = excluded.id_column;
end $$;
comment on function oneshot.search_list is
  'Puts a table into oneshot.search_tracked, or, without a column, takes it out: for oneshot.search_track and search_untrack.';
revoke all on function oneshot.search_list(regclass, text, text) from public;

create or replace function oneshot.search_untrack(source regclass, entity text) returns void language plpgsql
set search_path = pg_catalog, pg_temp set client_min_messages = warning
as $$
declare
  name text;
begin
  for name in select t.name from oneshot.search_triggers(entity) as t loop
    execute format('drop trigger if exists %I on %s', name, source);
  end loop;
  perform oneshot.search_list(source, entity, null);
end $$;

-- Replaces triggers that are there, so that it is in nobody's way who reads the table.
create or replace function oneshot.search_track(source regclass, entity text, id_column text default 'id') returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  needed record;
begin
  -- Else nothing of what changes in it would be known.
  if not exists (
    select from pg_attribute where attrelid = source and attname = id_column and attnum > 0 and not attisdropped)
  then
    raise exception 'the table % has no column %', source, coalesce(quote_ident(id_column), 'null')
      using errcode = 'undefined_column', hint = format(
        'Name the column of its ids: select oneshot.search_track(%L, %L, ''...'')', source, entity);
  end if;
  for needed in select * from oneshot.search_triggers(entity) loop
    execute format('create or replace trigger %I %s on %s %s execute function oneshot.search_enqueue(%L, %L)',
      needed.name, needed.events, source, needed.rows, entity, id_column);
    execute format('alter table %s enable %s trigger %I', source,
      case needed.fires when 'A' then 'always' when 'R' then 'replica' else '' end, needed.name);
  end loop;
  perform oneshot.search_list(source, entity, id_column);
end $$;
comment on function oneshot.search_track is
  'Makes triggers on a table that queue its rows in search_pending when they change: search_track(''assets'', ''asset''). Its caller owns the table, and may execute oneshot.search_enqueue() and oneshot.search_list().';

call oneshot.search_name_home();

-- plan: the triggers of tables that are tracked, made again where the role owns the table and nobody uses it for long
do $$
declare
  role oid;
  tracked record;
begin
  -- Who may make such triggers may go on doing so.
  for role in
    select grantee from pg_proc cross join aclexplode(proacl)
    where pg_proc.oid = 'oneshot.search_enqueue()'::regprocedure and grantee not in (0, proowner)
  loop
    execute format('grant execute on function oneshot.search_list(regclass, text, text) to %s', role::regrole);
  end loop;
  for tracked in
    select distinct tgrelid::regclass as source,
      convert_from(decode(words[1], 'escape'), getdatabaseencoding()) as entity,
      convert_from(decode(words[2], 'escape'), getdatabaseencoding()) as id_column
    from pg_trigger cross join lateral string_to_array(encode(tgargs, 'escape'), '\000') as words
    where tgfoid = 'oneshot.search_enqueue()'::regprocedure and tgparentid = 0 and cardinality(words) > 2
    order by 1, 2
  loop
    perform oneshot.search_list(tracked.source, tracked.entity, tracked.id_column);
    begin
      perform oneshot.search_track(tracked.source, tracked.entity, tracked.id_column);
    exception when others then
      raise warning 'the triggers of % stay as they were: %', tracked.source, sqlerrm
        using hint = format('Its owner runs: select oneshot.search_track(%L, %L, %L)',
          tracked.source, tracked.entity, tracked.id_column);
    end;
  end loop;
end $$;
