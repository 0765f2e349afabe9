-- reindex: search documents, the words in them, what waits to be indexed, and where a pass stands.

-- What is made here finds names where this is made, and nowhere else: not in the search_path of who calls it.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- Apart from the application's tables, so that indexing neither rewrites nor locks those.
create table search_documents (
  entity text collate "C" not null,
  entity_id text collate "C" not null,
  document tsvector not null,
  source_hash bigint not null,
  language text collate "C" not null,
  indexed_at timestamptz not null default now(),
  primary key (entity, entity_id)
);
create index search_documents_document on search_documents using gin (document);
comment on table search_documents is
  'What search() looks through, kept true to its sources by reindex. source_hash is of the texts and the language.';

create table search_languages (
  language text collate "C" primary key
);
comment on table search_languages is 'Each language (text search configuration) that a document has, or had.';

create table search_words (
  language text collate "C" not null,
  word text collate "C" not null,
  primary key (language, word)
);
comment on table search_words is
  'The words (lexemes) that documents have, or had until the next rebuild: what a misspelt word is compared with.';

-- Rows are only added and deleted, never changed: who queues waits for nobody.
create table search_pending (
  id bigint generated always as identity,
  entity text collate "C" not null,
  entity_id text collate "C" not null,
  queued_at timestamptz not null default clock_timestamp(),
  -- What waits of one entity is found beside however much waits of others.
  primary key (entity, id)
);
comment on table search_pending is
  'Documents whose sources have changed: written by triggers (oneshot.search_track) or by the application, taken by reindex with REINDEX_MODE=pending.';

create table oneshot.reindex_cursors (
  mode text not null,
  entity text not null,
  shard integer not null,
  lane integer not null,
  shard_count integer not null,
  -- A pass over other sources than those that the cursor was made for begins anew.
  source text not null,
  after_id text,
  upto_id text,
  present bigint not null default 0,
  is_done boolean not null default false,
  started_at timestamptz not null,
  moved_at timestamptz not null default now(),
  primary key (mode, entity, shard, lane)
);
comment on table oneshot.reindex_cursors is
  'How far a pass of reindex has got, one row for each part that is read at once. No rows: no pass is open.';

create table oneshot.reindex_sharding (
  only_row boolean primary key default true check (only_row),
  shard_count integer not null
);
insert into oneshot.reindex_sharding (shard_count) values (1);
comment on table oneshot.reindex_sharding is
  'The number of shards of the newest run of reindex; each transaction makes sure that it is its own.';

-- The functions below have nothing but pg_catalog in their search_path: in a schema where others may make things, a
-- function that fits better than the one that is meant would be called in its place. They name this schema oneshot_home
-- until the end of this file.

-- Triggers that queue what changes. Who changes a table need not know of the queue, nor have a right to it.
--
-- It runs as its owner, on rows of whoever makes such a trigger. So no code of theirs may run in it: a cast to text may
-- be anybody's, but for the types of pg_catalog; what format() calls, only a superuser can have made.
create function oneshot.search_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  is_built_in boolean;
begin
  if tg_op = 'TRUNCATE' then
    insert into oneshot_home.search_pending (entity, entity_id)
    select entity, entity_id from oneshot_home.search_documents where entity = tg_argv[0];
    return null;
  end if;
  select base.typnamespace = 'pg_catalog'::regnamespace into is_built_in
  from pg_attribute join pg_type as type on type.oid = atttypid
  join pg_type as base on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
  where attrelid = tg_relid and attname = tg_argv[1];
  execute format(
    'insert into oneshot_home.search_pending (entity, entity_id)
     select $1, %s from (%s) as changed (id) where num_nulls(id) = 0',
    case when is_built_in then 'id::text' else 'format(''%s'', id)' end,
    case tg_op
      when 'INSERT' then format('select %I from new_rows', tg_argv[1])
      when 'DELETE' then format('select %I from old_rows', tg_argv[1])
      else format('select %1$I from new_rows union select %1$I from old_rows', tg_argv[1])
    end) using tg_argv[0];
  return null;
end $$;

create function oneshot.search_untrack(source regclass, entity text) returns void language plpgsql
set search_path = pg_catalog, pg_temp set client_min_messages = warning
as $$
declare
  operation text;
begin
  foreach operation in array array['insert', 'update', 'delete', 'truncate'] loop
    execute format('drop trigger if exists %I on %s', 'search_' || entity || '_' || operation, source);
  end loop;
end $$;

create function oneshot.search_track(source regclass, entity text, id_column text default 'id') returns void
language plpgsql set search_path = pg_catalog, pg_temp
as $$
declare
  operation text;
  rows text;
begin
  -- Else each write to the table would fail.
  if not exists (
    select from pg_attribute where attrelid = source and attname = id_column and attnum > 0 and not attisdropped)
  then
    raise exception 'the table % has no column %', source, coalesce(quote_ident(id_column), 'null')
      using errcode = 'undefined_column', hint = format(
        'Name the column of its ids: select oneshot.search_track(%L, %L, ''...'')', source, entity);
  end if;
  perform oneshot.search_untrack(source, entity);
  for operation, rows in values
    ('insert', 'referencing new table as new_rows'), ('delete', 'referencing old table as old_rows'),
    ('update', 'referencing new table as new_rows old table as old_rows'), ('truncate', '')
  loop
    -- Once a statement, however many rows it changes.
    execute format(
      'create trigger %I after %s on %s %s for each statement execute function oneshot.search_enqueue(%L, %L)',
      'search_' || entity || '_' || operation, operation, source, rows, entity, id_column);
  end loop;
end $$;
comment on function oneshot.search_track is
  'Makes triggers on a table that queue its rows in search_pending when they change: search_track(''assets'', ''asset''). Its caller owns the table, and may execute oneshot.search_enqueue().';

-- Puts this schema's name into the functions that stand here by now. A procedure, so that it leaves itself as it is.
--
-- Inside of a literal, which is a name or a statement to come, quotes of the name are doubled; a quote in a comment
-- begins none.
create procedure oneshot.search_name_home() language plpgsql as $$
declare
  home constant text := quote_ident(current_schema()::text);
  definition text;
begin
  for definition in
    select (
      select string_agg(
        replace(part[1], 'oneshot_home', case when part[1] like '''%' then replace(home, '''', '''''') else home end),
        '' order by place)
      from regexp_matches(pg_get_functiondef(oid), $parts$(--[^\n]*|'(?:[^']|'')*'|[^'-]+|-)$parts$, 'g')
        with ordinality as parts (part, place))
    from pg_proc
    where pronamespace = 'oneshot'::regnamespace and prokind = 'f' and prosrc like '%oneshot\_home%'
  loop
    execute definition;
  end loop;
end $$;

revoke all on function oneshot.search_enqueue() from public;
revoke all on procedure oneshot.search_name_home() from public;

call oneshot.search_name_home();
