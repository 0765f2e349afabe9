-- reindex: search documents, the words in them, what waits to be indexed, where a pass stands, and search().

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

create table search_languages (language text collate "C" primary key);
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

-- What a person types, and what is found: the best first, of equal ones always in the same order.
--
-- Each language that documents have reads the query in its own way, and finds documents of its own. Where nothing is
-- found, words that stand in no document are replaced by words like them, and `approximate` says so. A query that only
-- excludes finds nothing. Volatile, so that each statement sees what is committed when it starts: a stable function
-- would look into a table that a rebuild has just swapped in with the eyes of before.
create function search(
  query text, entities text[] default null, "limit" integer default 20,
  out entity text, out entity_id text, out rank real, out approximate boolean
) returns setof record language plpgsql
set client_min_messages = warning
set search_path from current
-- Which index helps depends on the word.
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  -- As much as a person types, and never a word longer than a tsquery takes (2 kB). A dash that stands before nothing
  -- is no minus.
  typed text := regexp_replace(left(coalesce(query, ''), 500), '-(?=[-[:space:]]|$)', ' ', 'g');
  -- What stands before a beginning while the query is parsed: with it, it is no word that does not count (the*).
  mark constant text := 'xqzj';
  languages text[];
  readings regconfig[];
  parsed tsquery[] := '{}';
  reading regconfig;
  asked tsquery;
  beginning text;
  beginnings tsquery;
  lexeme text;
  exactly tsquery;
  alike tsquery;
  is_changed boolean;
begin
  select array_agg(l.language order by l.language), array_agg(c.oid::regconfig order by l.language)
  into languages, readings
  from search_languages as l join pg_ts_config as c on c.cfgname = l.language and pg_ts_config_is_visible(c.oid);
  if languages is null then return; end if;

  foreach reading in array readings loop
    begin
      -- word* is a beginning; a tsquery has it as word:*.
      asked := websearch_to_tsquery(reading, regexp_replace(typed, '([[:alnum:]]+)\*', mark || '\1 ', 'g'));
      for beginning in select distinct part[1] from regexp_matches(typed, '([[:alnum:]]+)\*', 'g') as part loop
        beginnings := to_tsquery(reading, beginning || ':*');
        if numnode(beginnings) = 0 then
          beginnings := (quote_literal(lower(beginning)) || ':*')::tsquery;
        end if;
        asked := ts_rewrite(asked, websearch_to_tsquery(reading, mark || beginning), beginnings);
      end loop;
    exception when others then
      -- More brackets or minuses than the parser takes: nothing that a person looks for.
      asked := '';
    end;
    -- Nothing to look for (no words, or none that count), or only what is not to be found ('T').
    if querytree(asked) in ('', 'T') then asked := ''; end if;
    parsed := parsed || asked;
  end loop;

  for attempt in 1 .. 2 loop
    return query
      -- What is not to be found has no part in the rank: ts_rank makes nothing of a query that has it.
      select d.entity, d.entity_id, ts_rank(d.document, querytree(wanted.query)::tsquery), attempt = 2
      from unnest(languages, parsed) as wanted (language, query)
      join search_documents as d on d.document @@ wanted.query and d.language = wanted.language
      where numnode(wanted.query) > 0 and (entities is null or d.entity = any (entities))
      order by 3 desc, 1, 2
      limit greatest(coalesce("limit", 20), 0);
    exit when found or attempt = 2 or to_regprocedure('similarity(text,text)') is null;

    is_changed := false;
    for number in 1 .. cardinality(languages) loop
      continue when numnode(parsed[number]) = 0;
      -- Words after a minus are not looked for, so they may be as they are.
      for lexeme in
        select word from unnest(tsvector_to_array(
          to_tsvector(readings[number], regexp_replace(typed, '(^|\s)-("[^"]*"|\S+)', ' ', 'g')))) as word limit 20
      loop
        exactly := ('''' || replace(replace(lexeme, '\', '\\'), '''', '''''') || '''')::tsquery;
        continue when exists (
          select from search_documents as d
          where d.document @@ exactly and d.language = languages[number]
            and (entities is null or d.entity = any (entities)));
        select string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery into alike
        from (
          select word, similarity(word, lexeme) as likeness, max(similarity(word, lexeme)) over () as most
          from search_words where language = languages[number] and word % lexeme
          order by 2 desc, 1 limit 5) as candidates
        where likeness >= most - 0.1;
        continue when alike is null;
        parsed[number] := ts_rewrite(parsed[number], exactly, alike);
        is_changed := true;
      end loop;
    end loop;
    exit when not is_changed;
  end loop;
end $$;
comment on function search(text, text[], integer) is
  'Finds documents of search_documents by what a person types: words, "phrases", -without, this or that, begin*.';

-- The functions below have nothing but pg_catalog in their search_path: in a schema where others may make things, a
-- function that fits better than the one that is meant would be called in its place. They name this schema oneshot_home;
-- the end of this file puts its name in.

-- Makes search() find misspelt words. It needs the extension pg_trgm; where that is installed later, call it again.
create function oneshot.search_likeness() returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  likeness text := (
    select quote_ident(nspname::text) from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm');
begin
  if likeness is null then return false; end if;
  execute 'alter function oneshot_home.search(text, text[], integer) set search_path to oneshot_home, '
    || likeness || ', pg_temp';
  execute 'create index if not exists search_words_likeness on oneshot_home.search_words using gin (word '
    || likeness || '.gin_trgm_ops)';
  return true;
end $$;

do $$ begin
  create extension if not exists pg_trgm;
exception when others then
  raise warning 'search() finds no misspelt words: the extension pg_trgm cannot be created: %', sqlerrm
    using hint = 'Once it is there: select oneshot.search_likeness()';
end $$;

-- Triggers that queue what changes. Who changes a table need not know of the queue, nor have a right to it.

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

-- What a rebuild needs and only the owner of search_documents may: narrow, so that the role of reindex owns nothing.

create table oneshot.search_gone (language text collate "C" not null, word text collate "C");
comment on table oneshot.search_gone is
  'What leaves search_words when a rebuild swaps its table in, and (where word is null) search_languages.';

create function oneshot.search_flush() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform gin_clean_pending_list('oneshot_home.search_documents_document');
end $$;
comment on function oneshot.search_flush is 'Puts what waits in the list of the GIN index into the index itself.';

create function oneshot.search_rebuild_abandon() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp set client_min_messages = warning
as $$
begin
  drop table if exists oneshot_home.search_documents_new;
  delete from oneshot.search_gone;
  delete from oneshot.reindex_cursors where mode = 'rebuild';
end $$;

-- Gives the new table the rights that the old one has now, and no others.
create function oneshot.search_rebuild_grant() returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  statement text;
begin
  for statement in
    with roles (oid, name) as (
      select oid, quote_ident(rolname::text) from pg_roles union all select 0, 'public'
    ), rights (relation, "column", acl, owner) as (
      select oid, null, relacl, relowner from pg_class
      where oid in ('oneshot_home.search_documents'::regclass, 'oneshot_home.search_documents_new'::regclass)
      union all
      select attrelid, ' (' || quote_ident(attname::text) || ')', attacl, relowner
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where attrelid = 'oneshot_home.search_documents'::regclass and attnum > 0 and not attisdropped
    ), granted as (
      select relation, "column", privilege_type, is_grantable, name
      from rights cross join aclexplode(acl) join roles on roles.oid = grantee where grantee <> owner
    )
    select command from (
      select distinct 1, format('revoke all on oneshot_home.search_documents_new from %s', name) from granted
      where relation = 'oneshot_home.search_documents_new'::regclass
      union all
      select 2, format('grant %s%s on oneshot_home.search_documents_new to %s', privilege_type, "column", name)
        || case when is_grantable then ' with grant option' else '' end
      from granted where relation = 'oneshot_home.search_documents'::regclass) as commands (number, command)
    order by number
  loop
    execute statement;
  end loop;
end $$;

-- Gives the new table the storage parameters of the old one. While it is filled, no autovacuum is to look at it: making
-- the index would wait a second until that gives way, and the swap would, too.
create function oneshot.search_rebuild_parameters(is_filled boolean) returns void language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  parameters text;
begin
  select string_agg(format('%s%I = %L', prefix, option_name, option_value), ', ') into parameters
  from pg_class as serving
  left join pg_class as toast on toast.oid = serving.reltoastrelid
  cross join lateral (values ('', serving.reloptions), ('toast.', toast.reloptions)) as parts (prefix, options)
  cross join lateral pg_options_to_table(options)
  where serving.oid = 'oneshot_home.search_documents'::regclass;
  alter table oneshot_home.search_documents_new reset (autovacuum_enabled, toast.autovacuum_enabled);
  if parameters is not null then
    execute format('alter table oneshot_home.search_documents_new set (%s)', parameters);
  end if;
  if not is_filled then
    alter table oneshot_home.search_documents_new set (autovacuum_enabled = false, toast.autovacuum_enabled = false);
  end if;
end $$;

-- What would be lost with the old table: whatever hangs on it or its row type, but for its own parts.
create function oneshot.search_rebuild_loses() returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$ begin
  return (select string_agg(what, ', ' order by what)
  from pg_class as serving
  cross join lateral (
    select pg_describe_object(classid, objid, objsubid)
    from pg_depend
    where deptype in ('n', 'a')
      and (refclassid = 'pg_class'::regclass and refobjid = serving.oid
        or refclassid = 'pg_type'::regclass and refobjid in (
          select unnest(array[oid, typarray]) from pg_type where typrelid = serving.oid))
      and not (classid = 'pg_attrdef'::regclass)
      and not (classid = 'pg_class'::regclass and exists (
        select from pg_index where indexrelid = objid and indrelid = serving.oid))
      and not (classid = 'pg_constraint'::regclass and exists (
        select from pg_constraint where oid = objid and conrelid = serving.oid and contype in ('p', 'c', 'n')))
      and not (classid = 'pg_trigger'::regclass and exists (select from pg_trigger where oid = objid and tgisinternal))
    union
    select format('what is in its column %I', attname) from pg_attribute
    where attrelid = serving.oid and attnum > 0 and not attisdropped and attgenerated = ''
      and attname not in ('entity', 'entity_id', 'document', 'source_hash', 'language', 'indexed_at')
    union
    select 'row level security' where serving.relrowsecurity
    union
    select 'its place in an inheritance or a partitioned table'
    where exists (select from pg_inherits where inhrelid = serving.oid)) as dependents (what)
  where serving.oid = 'oneshot_home.search_documents'::regclass);
end $$;

-- What documents are made by, besides their texts: with another, what a stopped rebuild has left is of no use.
create function oneshot.search_dictionaries() returns text language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select md5(string_agg(part, ' ' order by part)) from (
    select config::text from pg_ts_config as config
    union all select map::text from pg_ts_config_map as map
    union all select dictionary::text from pg_ts_dict as dictionary) as parts (part)
$$;

create function oneshot.search_rebuild_start() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  lost text := oneshot.search_rebuild_loses();
begin
  if lost is not null then
    raise exception 'a rebuild puts another table in the place of search_documents, and would lose: %', lost
      using errcode = 'dependent_objects_still_exist';
  end if;
  perform oneshot.search_rebuild_abandon();
  create table oneshot_home.search_documents_new (
    like oneshot_home.search_documents
    including defaults including generated including constraints including storage including compression
    including comments);
  -- In its comment, until it has the old table's.
  execute format('comment on table oneshot_home.search_documents_new is %L', oneshot.search_dictionaries());
  perform oneshot.search_rebuild_parameters(is_filled => false);
  perform oneshot.search_rebuild_grant();
end $$;

-- What an index of the new table is called until the swap gives it the name of the old one.
create function oneshot.search_rebuild_name(serving oid) returns name language sql immutable
set search_path = pg_catalog, pg_temp
as $$ select ('search_documents_new_' || serving)::name $$;

-- Makes those of the indexes that are GIN, which takes long, or those that are not: so two sessions make them at once.
create function oneshot.search_rebuild_index(is_gin boolean) returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  index record;
begin
  -- Whatever indexes the old table has, by their numbers; unless an earlier run has made them.
  for index in
    select quote_ident(relname::text) as name, oneshot.search_rebuild_name(indexrelid) as new_name,
      pg_get_indexdef(indexrelid) as definition
    from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
    where indrelid = 'oneshot_home.search_documents'::regclass and indisvalid and (amname = 'gin') = is_gin
      and not exists (
        select from pg_index as made join pg_class as new on new.oid = made.indexrelid
        where made.indrelid = 'oneshot_home.search_documents_new'::regclass
          and new.relname = oneshot.search_rebuild_name(pg_index.indexrelid))
    order by relname
  loop
    execute replace(
      index.definition, ' INDEX ' || index.name || ' ON oneshot_home.search_documents ',
      ' INDEX ' || index.new_name || ' ON oneshot_home.search_documents_new ');
  end loop;
end $$;

-- What waits for all indexes: their locks are in its way.
create function oneshot.search_rebuild_ready() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Looks at 3,000 rows instead of 30,000: enough for the first plans, until autovacuum has looked at it. (Of the documents
-- themselves no plan needs statistics: what is asked for is known only when it runs.)
set default_statistics_target = 10
as $$
declare
  key name := (
    select oneshot.search_rebuild_name(indexrelid) from pg_index
    where indrelid = 'oneshot_home.search_documents'::regclass and indisprimary);
begin
  -- An earlier run may have been stopped just after this.
  if exists (select from pg_index where indrelid = 'oneshot_home.search_documents_new'::regclass and indisprimary) then
    return;
  end if;
  execute format('alter table oneshot_home.search_documents_new add primary key using index %I', key);
  analyze oneshot_home.search_documents_new (entity, entity_id, language);
end $$;

create function oneshot.search_rebuild_swap() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  rename text;
  renames text[];
  description text := obj_description('oneshot_home.search_documents'::regclass, 'pg_class');
begin
  if (select count(distinct relowner) > 1 from pg_class
    where oid in ('oneshot_home.search_documents'::regclass, 'oneshot_home.search_documents_new'::regclass))
  then
    raise exception 'search_documents_new belongs to another role than search_documents: no rebuild has made it'
      using errcode = 'insufficient_privilege';
  end if;
  delete from oneshot_home.search_words as old using oneshot.search_gone as gone
  where gone.language = old.language and gone.word = old.word;
  delete from oneshot_home.search_languages as old using oneshot.search_gone as gone
  where gone.language = old.language and gone.word is null;
  delete from oneshot.search_gone;
  -- Searches wait for this, and it for them: the caller sets a lock_timeout.
  lock table oneshot_home.search_documents in access exclusive mode;
  perform oneshot.search_rebuild_parameters(is_filled => true);
  perform oneshot.search_rebuild_grant();
  select array_agg(format('alter index oneshot_home.%I rename to %I', made.relname, serving.relname)) into renames
  from pg_index join pg_class as serving on serving.oid = indexrelid
  join pg_class as made on made.relname = oneshot.search_rebuild_name(indexrelid)
    and made.relnamespace = serving.relnamespace
  where indrelid = 'oneshot_home.search_documents'::regclass;
  drop table oneshot_home.search_documents;
  alter table oneshot_home.search_documents_new rename to search_documents;
  execute format('comment on table oneshot_home.search_documents is %L', description);
  foreach rename in array coalesce(renames, '{}') loop
    execute rename;
  end loop;
  delete from oneshot.reindex_cursors where mode = 'rebuild';
end $$;

revoke all on function oneshot.search_enqueue(), oneshot.search_likeness(), oneshot.search_flush(),
  oneshot.search_rebuild_abandon(), oneshot.search_rebuild_grant(), oneshot.search_rebuild_parameters(boolean),
  oneshot.search_rebuild_start(), oneshot.search_rebuild_name(oid), oneshot.search_rebuild_index(boolean),
  oneshot.search_rebuild_ready(), oneshot.search_rebuild_swap() from public;

do $$
declare
  definition text;
begin
  for definition in
    select pg_get_functiondef(oid) from pg_proc
    where pronamespace = 'oneshot'::regnamespace and prosrc like '%oneshot\_home%'
  loop
    execute replace(definition, 'oneshot_home', quote_ident(current_schema()::text));
  end loop;
  perform oneshot.search_likeness();
end $$;
