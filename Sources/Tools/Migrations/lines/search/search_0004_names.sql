-- reindex: what runs as its owner, and search(), find nothing that others have made beside it.
--
-- As in search_0001_documents.sql: the functions' search_path has nothing but pg_catalog, and oneshot_home in them
-- stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- As search_0001 makes it, which has made another before: that one took no schema with quotes in its name.
create or replace procedure oneshot.search_name_home() language plpgsql as $$
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

-- Triggers that queue what changes. Who changes a table need not know of the queue, nor have a right to it.
--
-- It runs as its owner, on rows of whoever makes such a trigger. So no code of theirs may run in it: the rows are those
-- of the trigger's own tables; a cast to text may be anybody's, but for the types of pg_catalog; what format() calls,
-- only a superuser can have made.
create or replace function oneshot.search_enqueue() returns trigger language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  is_built_in boolean;
  rows text;
begin
  if tg_op = 'TRUNCATE' then
    insert into oneshot_home.search_pending (entity, entity_id)
    select entity, entity_id from oneshot_home.search_documents where entity = tg_argv[0];
    return null;
  end if;
  select concat_ws(
    ' union ', format('select %I from ', tg_argv[1]) || new_rows, format('select %I from ', tg_argv[1]) || old_rows)
  into rows from oneshot.changed_rows(tg_relid, tg_name, tg_op);
  select base.typnamespace = 'pg_catalog'::regnamespace into is_built_in
  from pg_attribute join pg_type as type on type.oid = atttypid
  join pg_type as base on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
  where attrelid = tg_relid and attname = tg_argv[1];
  execute format(
    'insert into oneshot_home.search_pending (entity, entity_id)
     select $1, %s from (%s) as changed (id) where num_nulls(id) = 0',
    case when is_built_in then 'id::text' else 'format(''%s'', id)' end, rows) using tg_argv[0];
  return null;
end $$;

create or replace function oneshot.search_track(source regclass, entity text, id_column text default 'id') returns void
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
  -- Names that no table of the application's has (oneshot.changed_rows).
  for operation, rows in values
    ('insert', 'referencing new table as oneshot_new_rows'), ('delete', 'referencing old table as oneshot_old_rows'),
    ('update', 'referencing new table as oneshot_new_rows old table as oneshot_old_rows'), ('truncate', '')
  loop
    -- Once a statement, however many rows it changes.
    execute format(
      'create trigger %I after %s on %s %s for each statement execute function oneshot.search_enqueue(%L, %L)',
      'search_' || entity || '_' || operation, operation, source, rows, entity, id_column);
  end loop;
end $$;

-- What a person types, and what is found: the best first, of equal ones always in the same order.
--
-- Each language that documents have reads the query in its own way, and finds documents of its own. Where nothing is
-- found, words that stand in no document are replaced by words like them, and `approximate` says so. A query that only
-- excludes finds nothing. Volatile, so that each statement sees what is committed when it starts: a stable function
-- would look into a table that a rebuild has just swapped in with the eyes of before.
create or replace function oneshot.search(
  query text, entities text[] default null, "limit" integer default 20,
  out entity text, out entity_id text, out rank real, out approximate boolean
) returns setof record language plpgsql
set client_min_messages = warning
set search_path = pg_catalog, pg_temp
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
  likeness text;
begin
  -- Those that reindex finds: of pg_catalog, or of this schema.
  select array_agg(language order by language), array_agg(configuration order by language)
  into languages, readings
  from (
    select distinct on (l.language) l.language, c.oid::regconfig as configuration
    from oneshot_home.search_languages as l join pg_ts_config as c on c.cfgname = l.language
    where c.cfgnamespace in ('pg_catalog'::regnamespace, 'oneshot_home'::regnamespace)
    order by l.language, c.cfgnamespace <> 'pg_catalog'::regnamespace) as known;
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
      join oneshot_home.search_documents as d on d.document @@ wanted.query and d.language = wanted.language
      where numnode(wanted.query) > 0 and (entities is null or d.entity = any (entities))
      order by 3 desc, 1, 2
      limit greatest(coalesce("limit", 20), 0);
    exit when found or attempt = 2;
    -- Wherever the extension is, as long as it is there, for whoever may use its schema.
    select quote_ident(nspname::text) into likeness
    from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm' and has_schema_privilege(extnamespace, 'usage');
    exit when likeness is null;

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
          select from oneshot_home.search_documents as d
          where d.document @@ exactly and d.language = languages[number]
            and (entities is null or d.entity = any (entities)));
        execute format(
          $alike$
          select string_agg('''' || replace(replace(word, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery
          from (
            select word, %1$s.similarity(word, $1) as likeness, max(%1$s.similarity(word, $1)) over () as most
            from oneshot_home.search_words where language = $2 and word operator(%1$s.%%) $1
            order by 2 desc, 1 limit 5) as candidates
          where likeness >= most - 0.1
          $alike$, likeness) into alike using lexeme, languages[number];
        continue when alike is null;
        parsed[number] := ts_rewrite(parsed[number], exactly, alike);
        is_changed := true;
      end loop;
    end loop;
    exit when not is_changed;
  end loop;
end $$;

-- Makes search() find misspelt words faster. It needs the extension pg_trgm; where that is installed later, call it
-- again.
create or replace function oneshot.search_likeness() returns boolean language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  likeness text := (
    select quote_ident(nspname::text) from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm');
begin
  if likeness is null then return false; end if;
  execute 'create index if not exists search_words_likeness on oneshot_home.search_words using gin (word '
    || likeness || '.gin_trgm_ops)';
  return true;
end $$;

call oneshot.search_name_home();
