-- search(): what a person types, and what is found. It lives in the schema oneshot, where no function of the application
-- can be in its way; the short name search() is made only where nobody has it.
--
-- As in search_0001_documents.sql: names are found where this is made, the functions' search_path has nothing but
-- pg_catalog, and oneshot_home in them stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- What a person types, and what is found: the best first, of equal ones always in the same order.
--
-- Each language that documents have reads the query in its own way, and finds documents of its own. Where nothing is
-- found, words that stand in no document are replaced by words like them, and `approximate` says so. A query that only
-- excludes finds nothing. Volatile, so that each statement sees what is committed when it starts: a stable function
-- would look into a table that a rebuild has just swapped in with the eyes of before.
create function oneshot.search(
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
comment on function oneshot.search(text, text[], integer) is
  'Finds documents of search_documents by what a person types: words, "phrases", -without, this or that, begin*.';

-- plan: search() as a synonym beside search_documents, where no function has that name; the extension pg_trgm, where the role may make it
-- With its body parsed here and not by each caller, who calls it needs no right to the schema oneshot.
do $$
begin
  if exists (
    select from pg_proc join pg_namespace on pg_namespace.oid = pronamespace
    where proname = 'search' and nspname = current_schema())
  then
    return;
  end if;
  execute $synonym$
    create function search(
      query text, entities text[] default null, "limit" integer default 20,
      out entity text, out entity_id text, out rank real, out approximate boolean
    ) returns setof record language sql
    begin atomic
      select found.entity, found.entity_id, found.rank, found.approximate
      from oneshot.search(search.query, search.entities, search."limit") as found;
    end
  $synonym$;
  comment on function search(text, text[], integer) is 'A synonym of oneshot.search().';
end
$$;

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
  execute 'alter function oneshot.search(text, text[], integer) set search_path to oneshot_home, '
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

revoke all on function oneshot.search_likeness() from public;

call oneshot.search_name_home();
select oneshot.search_likeness();
