-- A database as the binaries of commit 3590569 left it: all of its migrations, 1 to 11, and rows of runs of all its jobs, with
-- letters that were asked for and discarded, an incident, boards, a queue, and a view on search(). By pg_dump --inserts.

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

CREATE SCHEMA oneshot;

CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;

COMMENT ON EXTENSION pg_trgm IS 'text similarity measurement and index searching based on trigrams';

CREATE FUNCTION oneshot.bucket_end(granularity text, moment timestamp with time zone, zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  day date := oneshot.day_of(moment, zone);
begin
  return case granularity
    when 'hourly' then
      least(
        date_bin('1 hour', moment, oneshot.day_start(day, zone)) + interval '1 hour',
        oneshot.day_start(day + 1, zone))
    when 'daily' then oneshot.day_start(day + 1, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date + 7, zone)
    when 'monthly' then oneshot.day_start((date_trunc('month', day::timestamp) + interval '1 month')::date, zone)
  end;
end
$$;

CREATE FUNCTION oneshot.bucket_start(granularity text, moment timestamp with time zone, zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  day date := oneshot.day_of(moment, zone);
begin
  return case granularity
    when 'hourly' then date_bin('1 hour', moment, oneshot.day_start(day, zone))
    when 'daily' then oneshot.day_start(day, zone)
    when 'weekly' then oneshot.day_start(date_trunc('week', day::timestamp)::date, zone)
    when 'monthly' then oneshot.day_start(date_trunc('month', day::timestamp)::date, zone)
  end;
end
$$;

CREATE FUNCTION oneshot.close_raw(source text, before timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
declare
  place oneshot.rollup_positions;
  border timestamptz;
begin
  select p.* into place from oneshot.rollup_positions as p where p.source = close_raw.source for update;
  if place.seen is null and place.looked_until is null then
    raise exception 'metrics-rollups has not looked at % yet', source using hint = 'Run it first.';
  end if;
  border := oneshot.bucket_start('daily', before, place.timezone);
  if border <> before then
    raise exception '% is not where a day begins in %', before, place.timezone
      using hint = format('The day begins at %s.', border);
  end if;
  if before > coalesce(place.raw_from, '-infinity') then
    if exists (
        select from oneshot.rollup_queue as q
        where q.source = close_raw.source and q.granularity = 'hourly' and q.bucket_start < before)
      or exists (
        select from oneshot.rollup_changes as c
        where c.source = close_raw.source and (c.occurred_at is null or c.occurred_at < before))
      or close_raw.source = 'metric_events' and exists (
        select from metric_events as e
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

CREATE FUNCTION oneshot.day_of(moment timestamp with time zone, zone text) RETURNS date
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  day date := (moment at time zone zone)::date;
begin
  if moment >= oneshot.day_start(day + 1, zone) then return day + 1; end if;
  if moment < oneshot.day_start(day, zone) then return day - 1; end if;
  return day;
end
$$;

CREATE FUNCTION oneshot.day_start(day date, zone text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
declare
  midnight timestamptz := day::timestamp at time zone zone;
begin
  if (midnight - interval '1 hour') at time zone zone >= day::timestamp then
    return midnight - interval '1 hour';
  end if;
  return midnight;
end
$$;

CREATE FUNCTION oneshot.note_changed_events() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- Retention removes raw events and keeps their rollups; others say so by oneshot.close_raw. (Empty: set in this session,
  -- and no longer.)
  if nullif(current_setting('oneshot.keep_rollups', true), '')::boolean then return null; end if;
  if tg_op = 'TRUNCATE' then
    insert into oneshot.rollup_changes (source, occurred_at) values ('metric_events', null);
  elsif tg_op = 'DELETE' then
    insert into oneshot.rollup_changes (source, occurred_at)
    select 'metric_events', unnest(array[min(occurred_at), max(occurred_at)])
    from old_rows where isfinite(occurred_at)
    group by date_bin('15 minutes', occurred_at, '2000-01-01 00:00:00+00');
  else
    insert into oneshot.rollup_changes (source, occurred_at)
    select 'metric_events', unnest(array[min(occurred_at), max(occurred_at)])
    from (select occurred_at from old_rows union all select occurred_at from new_rows) as rows
    where isfinite(occurred_at)
    group by date_bin('15 minutes', occurred_at, '2000-01-01 00:00:00+00');
  end if;
  return null;
end
$$;

CREATE FUNCTION oneshot.search_dictionaries() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select md5(string_agg(part, ' ' order by part)) from (
    select config::text from pg_ts_config as config
    union all select map::text from pg_ts_config_map as map
    union all select dictionary::text from pg_ts_dict as dictionary) as parts (part)
$$;

CREATE FUNCTION oneshot.search_enqueue() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  is_built_in boolean;
begin
  if tg_op = 'TRUNCATE' then
    insert into public.search_pending (entity, entity_id)
    select entity, entity_id from public.search_documents where entity = tg_argv[0];
    return null;
  end if;
  select base.typnamespace = 'pg_catalog'::regnamespace into is_built_in
  from pg_attribute join pg_type as type on type.oid = atttypid
  join pg_type as base on base.oid = case when type.typtype = 'd' then type.typbasetype else type.oid end
  where attrelid = tg_relid and attname = tg_argv[1];
  execute format(
    'insert into public.search_pending (entity, entity_id)
     select $1, %s from (%s) as changed (id) where num_nulls(id) = 0',
    case when is_built_in then 'id::text' else 'format(''%s'', id)' end,
    case tg_op
      when 'INSERT' then format('select %I from new_rows', tg_argv[1])
      when 'DELETE' then format('select %I from old_rows', tg_argv[1])
      else format('select %1$I from new_rows union select %1$I from old_rows', tg_argv[1])
    end) using tg_argv[0];
  return null;
end $_$;

CREATE FUNCTION oneshot.search_flush() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform gin_clean_pending_list('public.search_documents_document');
end $$;

COMMENT ON FUNCTION oneshot.search_flush() IS 'Puts what waits in the list of the GIN index into the index itself.';

CREATE FUNCTION oneshot.search_likeness() RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  likeness text := (
    select quote_ident(nspname::text) from pg_extension join pg_namespace on pg_namespace.oid = extnamespace
    where extname = 'pg_trgm');
begin
  if likeness is null then return false; end if;
  execute 'alter function public.search(text, text[], integer) set search_path to public, '
    || likeness || ', pg_temp';
  execute 'create index if not exists search_words_likeness on public.search_words using gin (word '
    || likeness || '.gin_trgm_ops)';
  return true;
end $$;

CREATE PROCEDURE oneshot.search_name_home()
    LANGUAGE plpgsql
    AS $$
declare
  definition text;
begin
  for definition in
    select pg_get_functiondef(oid) from pg_proc
    where pronamespace = 'oneshot'::regnamespace and prokind = 'f' and prosrc like '%oneshot\_home%'
  loop
    execute replace(definition, 'oneshot_home', quote_ident(current_schema()::text));
  end loop;
end $$;

CREATE FUNCTION oneshot.search_rebuild_abandon() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $$
begin
  drop table if exists public.search_documents_new;
  delete from oneshot.search_gone;
  delete from oneshot.reindex_cursors where mode = 'rebuild';
end $$;

CREATE FUNCTION oneshot.search_rebuild_grant() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  statement text;
begin
  for statement in
    with roles (oid, name) as (
      select oid, quote_ident(rolname::text) from pg_roles union all select 0, 'public'
    ), rights (relation, "column", acl, owner) as (
      select oid, null, relacl, relowner from pg_class
      where oid in ('public.search_documents'::regclass, 'public.search_documents_new'::regclass)
      union all
      select attrelid, ' (' || quote_ident(attname::text) || ')', attacl, relowner
      from pg_attribute join pg_class on pg_class.oid = attrelid
      where attrelid = 'public.search_documents'::regclass and attnum > 0 and not attisdropped
    ), granted as (
      select relation, "column", privilege_type, is_grantable, name
      from rights cross join aclexplode(acl) join roles on roles.oid = grantee where grantee <> owner
    )
    select command from (
      select distinct 1, format('revoke all on public.search_documents_new from %s', name) from granted
      where relation = 'public.search_documents_new'::regclass
      union all
      select 2, format('grant %s%s on public.search_documents_new to %s', privilege_type, "column", name)
        || case when is_grantable then ' with grant option' else '' end
      from granted where relation = 'public.search_documents'::regclass) as commands (number, command)
    order by number
  loop
    execute statement;
  end loop;
end $$;

CREATE FUNCTION oneshot.search_rebuild_index(is_gin boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  index record;
begin
  -- Whatever indexes the old table has, by their numbers; unless an earlier run has made them.
  for index in
    select quote_ident(relname::text) as name, oneshot.search_rebuild_name(indexrelid) as new_name,
      pg_get_indexdef(indexrelid) as definition
    from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
    where indrelid = 'public.search_documents'::regclass and indisvalid and (amname = 'gin') = is_gin
      and not exists (
        select from pg_index as made join pg_class as new on new.oid = made.indexrelid
        where made.indrelid = 'public.search_documents_new'::regclass
          and new.relname = oneshot.search_rebuild_name(pg_index.indexrelid))
    order by relname
  loop
    execute replace(
      index.definition, ' INDEX ' || index.name || ' ON public.search_documents ',
      ' INDEX ' || index.new_name || ' ON public.search_documents_new ');
  end loop;
end $$;

CREATE FUNCTION oneshot.search_rebuild_loses() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ begin
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
  where serving.oid = 'public.search_documents'::regclass);
end $$;

CREATE FUNCTION oneshot.search_rebuild_name(serving oid) RETURNS name
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$ select ('search_documents_new_' || serving)::name $$;

CREATE FUNCTION oneshot.search_rebuild_parameters(is_filled boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  parameters text;
begin
  select string_agg(format('%s%I = %L', prefix, option_name, option_value), ', ') into parameters
  from pg_class as serving
  left join pg_class as toast on toast.oid = serving.reltoastrelid
  cross join lateral (values ('', serving.reloptions), ('toast.', toast.reloptions)) as parts (prefix, options)
  cross join lateral pg_options_to_table(options)
  where serving.oid = 'public.search_documents'::regclass;
  alter table public.search_documents_new reset (autovacuum_enabled, toast.autovacuum_enabled);
  if parameters is not null then
    execute format('alter table public.search_documents_new set (%s)', parameters);
  end if;
  if not is_filled then
    alter table public.search_documents_new set (autovacuum_enabled = false, toast.autovacuum_enabled = false);
  end if;
end $$;

CREATE FUNCTION oneshot.search_rebuild_ready() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET default_statistics_target TO '10'
    AS $$
declare
  key name := (
    select oneshot.search_rebuild_name(indexrelid) from pg_index
    where indrelid = 'public.search_documents'::regclass and indisprimary);
begin
  -- An earlier run may have been stopped just after this.
  if exists (select from pg_index where indrelid = 'public.search_documents_new'::regclass and indisprimary) then
    return;
  end if;
  execute format('alter table public.search_documents_new add primary key using index %I', key);
  analyze public.search_documents_new (entity, entity_id, language);
end $$;

CREATE FUNCTION oneshot.search_rebuild_start() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  lost text := oneshot.search_rebuild_loses();
begin
  if lost is not null then
    raise exception 'a rebuild puts another table in the place of search_documents, and would lose: %', lost
      using errcode = 'dependent_objects_still_exist';
  end if;
  perform oneshot.search_rebuild_abandon();
  create table public.search_documents_new (
    like public.search_documents
    including defaults including generated including constraints including storage including compression
    including comments);
  -- In its comment, until it has the old table's.
  execute format('comment on table public.search_documents_new is %L', oneshot.search_dictionaries());
  perform oneshot.search_rebuild_parameters(is_filled => false);
  perform oneshot.search_rebuild_grant();
end $$;

CREATE FUNCTION oneshot.search_rebuild_swap() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  rename text;
  renames text[];
  description text := obj_description('public.search_documents'::regclass, 'pg_class');
begin
  if (select count(distinct relowner) > 1 from pg_class
    where oid in ('public.search_documents'::regclass, 'public.search_documents_new'::regclass))
  then
    raise exception 'search_documents_new belongs to another role than search_documents: no rebuild has made it'
      using errcode = 'insufficient_privilege';
  end if;
  delete from public.search_words as old using oneshot.search_gone as gone
  where gone.language = old.language and gone.word = old.word;
  delete from public.search_languages as old using oneshot.search_gone as gone
  where gone.language = old.language and gone.word is null;
  delete from oneshot.search_gone;
  -- Searches wait for this, and it for them: the caller sets a lock_timeout.
  lock table public.search_documents in access exclusive mode;
  perform oneshot.search_rebuild_parameters(is_filled => true);
  perform oneshot.search_rebuild_grant();
  select array_agg(format('alter index public.%I rename to %I', made.relname, serving.relname)) into renames
  from pg_index join pg_class as serving on serving.oid = indexrelid
  join pg_class as made on made.relname = oneshot.search_rebuild_name(indexrelid)
    and made.relnamespace = serving.relnamespace
  where indrelid = 'public.search_documents'::regclass;
  drop table public.search_documents;
  alter table public.search_documents_new rename to search_documents;
  execute format('comment on table public.search_documents is %L', description);
  foreach rename in array coalesce(renames, '{}') loop
    execute rename;
  end loop;
  delete from oneshot.reindex_cursors where mode = 'rebuild';
end $$;

CREATE FUNCTION oneshot.search_track(source regclass, entity text, id_column text DEFAULT 'id'::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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

COMMENT ON FUNCTION oneshot.search_track(source regclass, entity text, id_column text) IS 'Makes triggers on a table that queue its rows in search_pending when they change: search_track(''assets'', ''asset''). Its caller owns the table, and may execute oneshot.search_enqueue().';

CREATE FUNCTION oneshot.search_untrack(source regclass, entity text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET client_min_messages TO 'warning'
    AS $$
declare
  operation text;
begin
  foreach operation in array array['insert', 'update', 'delete', 'truncate'] loop
    execute format('drop trigger if exists %I on %s', 'search_' || entity || '_' || operation, source);
  end loop;
end $$;

CREATE FUNCTION public.search(query text, entities text[] DEFAULT NULL::text[], "limit" integer DEFAULT 20, OUT entity text, OUT entity_id text, OUT rank real, OUT approximate boolean) RETURNS SETOF record
    LANGUAGE plpgsql
    SET client_min_messages TO 'warning'
    SET search_path TO 'public', 'public', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.search(query text, entities text[], "limit" integer, OUT entity text, OUT entity_id text, OUT rank real, OUT approximate boolean) IS 'Finds documents of search_documents by what a person types: words, "phrases", -without, this or that, begin*.';

SET default_tablespace = '';

SET default_table_access_method = heap;

CREATE TABLE oneshot.dead_letter_actions (
    id bigint NOT NULL,
    acted_at timestamp with time zone DEFAULT now() NOT NULL,
    role text DEFAULT SESSION_USER NOT NULL,
    acted_by text NOT NULL,
    action text NOT NULL,
    job text NOT NULL,
    item_digest bytea NOT NULL,
    item text NOT NULL,
    error_kind text NOT NULL,
    error_message text NOT NULL,
    attempts integer NOT NULL,
    last_failed_at timestamp with time zone NOT NULL,
    CONSTRAINT dead_letter_actions_acted_by_check CHECK ((acted_by <> ''::text)),
    CONSTRAINT dead_letter_actions_action_check CHECK ((action = ANY (ARRAY['replay'::text, 'discard'::text])))
);

COMMENT ON TABLE oneshot.dead_letter_actions IS 'Who asked for a replay of a dead letter or discarded it, when, and what the letter said then.';

COMMENT ON COLUMN oneshot.dead_letter_actions.acted_by IS 'As the person said; role is what the database knows.';

ALTER TABLE oneshot.dead_letter_actions ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME oneshot.dead_letter_actions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE oneshot.dead_letters (
    job text NOT NULL,
    item_digest bytea NOT NULL,
    item text NOT NULL,
    payload jsonb NOT NULL,
    error_kind text NOT NULL,
    error_message text NOT NULL,
    attempts integer NOT NULL,
    first_failed_at timestamp with time zone NOT NULL,
    last_failed_at timestamp with time zone NOT NULL,
    last_run_id uuid NOT NULL,
    state text NOT NULL,
    replay_asked_at timestamp with time zone,
    replay_asked_by text,
    replay_run_id uuid,
    CONSTRAINT dead_letters_replay_asked_at_check CHECK (((replay_asked_at >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND (replay_asked_at < '3000-01-01 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT dead_letters_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'resolved'::text, 'discarded'::text])))
);

COMMENT ON TABLE oneshot.dead_letters IS 'Items that failed: one row a job and item.';

COMMENT ON COLUMN oneshot.dead_letters.replay_asked_at IS 'Since when the job''s next run is asked to do the item again; null when nobody asks. Counts only while it is pending.';

COMMENT ON COLUMN oneshot.dead_letters.replay_run_id IS 'The run that was given it since: if that one was killed or failed, the next one is given it, too.';

CREATE TABLE oneshot.fences (
    job text NOT NULL,
    shard integer NOT NULL,
    token bigint NOT NULL
);

COMMENT ON TABLE oneshot.fences IS 'The newest fencing token of each job and shard. A run whose token is older may not write.';

CREATE TABLE oneshot.incidents (
    incident_id uuid DEFAULT gen_random_uuid() NOT NULL,
    job text NOT NULL,
    variant text NOT NULL,
    shard integer NOT NULL,
    kind text NOT NULL,
    since timestamp with time zone NOT NULL,
    message text NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    opened_by uuid NOT NULL,
    closed_at timestamp with time zone,
    opening_told text[] DEFAULT '{}'::text[] NOT NULL,
    ending_told text[] DEFAULT '{}'::text[] NOT NULL
);

COMMENT ON TABLE oneshot.incidents IS 'One row for each thing that job-doctor found wrong, from the run that saw it first to the one that no longer saw it.';

COMMENT ON COLUMN oneshot.incidents.opening_told IS 'The receivers that took the message that it began.';

COMMENT ON COLUMN oneshot.incidents.ending_told IS 'The receivers that took the message that it is over.';

CREATE TABLE oneshot.job_runs (
    run_id uuid NOT NULL,
    job text NOT NULL,
    shard integer NOT NULL,
    shard_count integer NOT NULL,
    scheduled_at timestamp with time zone NOT NULL,
    scheduled_by text NOT NULL,
    forced boolean NOT NULL,
    window_start timestamp with time zone,
    window_end timestamp with time zone,
    status text NOT NULL,
    attempt integer NOT NULL,
    fence bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    duration_ms bigint,
    counts jsonb,
    details jsonb,
    errors_total integer,
    error_kind text,
    error_message text,
    host text NOT NULL,
    version text NOT NULL,
    variant text DEFAULT ''::text NOT NULL,
    deadline_at timestamp with time zone,
    items_processed bigint,
    behind bigint,
    CONSTRAINT job_runs_scheduled_by_check CHECK ((scheduled_by = ANY (ARRAY['setting'::text, 'kubernetes'::text, 'clock'::text]))),
    CONSTRAINT job_runs_status_check CHECK ((status = ANY (ARRAY['running'::text, 'succeeded'::text, 'partial'::text, 'failed'::text, 'interrupted'::text])))
);

COMMENT ON TABLE oneshot.job_runs IS 'One row a run that became leader.';

COMMENT ON COLUMN oneshot.job_runs.deadline_at IS 'When the run ends itself at the latest: what is still running some seconds later is stuck or dead.';

COMMENT ON COLUMN oneshot.job_runs.items_processed IS 'How many items the run looked at.';

COMMENT ON COLUMN oneshot.job_runs.behind IS 'How much the run knew of and left to later runs; 0 when it has caught up.';

CREATE TABLE oneshot.job_totals (
    job text NOT NULL,
    shard integer NOT NULL,
    succeeded bigint NOT NULL,
    partial bigint NOT NULL,
    failed bigint NOT NULL,
    interrupted bigint NOT NULL,
    dead_letters bigint NOT NULL,
    consecutive_failures bigint NOT NULL,
    last_succeeded_at timestamp with time zone
);

COMMENT ON TABLE oneshot.job_totals IS 'One row a job and shard: how its runs ended and how many failures of items they told, counted when their rows in job_runs are closed. Counters never go down.';

CREATE TABLE oneshot.migrations (
    version integer NOT NULL,
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE oneshot.reindex_cursors (
    mode text NOT NULL,
    entity text NOT NULL,
    shard integer NOT NULL,
    lane integer NOT NULL,
    shard_count integer NOT NULL,
    source text NOT NULL,
    after_id text,
    upto_id text,
    present bigint DEFAULT 0 NOT NULL,
    is_done boolean DEFAULT false NOT NULL,
    started_at timestamp with time zone NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE oneshot.reindex_cursors IS 'How far a pass of reindex has got, one row for each part that is read at once. No rows: no pass is open.';

CREATE TABLE oneshot.reindex_sharding (
    only_row boolean DEFAULT true NOT NULL,
    shard_count integer NOT NULL,
    CONSTRAINT reindex_sharding_only_row_check CHECK (only_row)
);

COMMENT ON TABLE oneshot.reindex_sharding IS 'The number of shards of the newest run of reindex; each transaction makes sure that it is its own.';

CREATE TABLE oneshot.rollup_changes (
    source text NOT NULL,
    occurred_at timestamp with time zone
);

COMMENT ON TABLE oneshot.rollup_changes IS 'Moments of which a source''s rows were changed or deleted; null stands for all. Filled by triggers, emptied by metrics-rollups.';

CREATE TABLE oneshot.rollup_positions (
    source text NOT NULL,
    timezone text NOT NULL,
    seen pg_snapshot,
    looked_until timestamp with time zone,
    rebuilding text,
    raw_from timestamp with time zone,
    raw_seen pg_snapshot,
    raw_removed_until timestamp with time zone,
    hourly_from timestamp with time zone,
    daily_from timestamp with time zone,
    weekly_from timestamp with time zone,
    monthly_from timestamp with time zone
);

COMMENT ON TABLE oneshot.rollup_positions IS 'One row a source: what metrics-rollups has looked at, in which time zone, what a rebuild that has not ended covers, and from where on raw events and rollups are kept whole.';

CREATE TABLE oneshot.rollup_progress (
    run_id uuid NOT NULL,
    granularity text NOT NULL,
    mode text NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    period_start timestamp with time zone,
    period_end timestamp with time zone,
    records_processed bigint DEFAULT 0 NOT NULL,
    errors bigint DEFAULT 0 NOT NULL,
    error_message text
);

COMMENT ON TABLE oneshot.rollup_progress IS 'What each run of metrics-rollups has done of each level.';

CREATE TABLE oneshot.rollup_queue (
    source text NOT NULL,
    granularity text NOT NULL,
    bucket_start timestamp with time zone NOT NULL
);

COMMENT ON TABLE oneshot.rollup_queue IS 'Buckets that are to be recalculated. Leaves in the transaction that does it.';

CREATE TABLE oneshot.search_gone (
    language text NOT NULL COLLATE pg_catalog."C",
    word text COLLATE pg_catalog."C"
);

COMMENT ON TABLE oneshot.search_gone IS 'What leaves search_words when a rebuild swaps its table in, and (where word is null) search_languages.';

CREATE TABLE oneshot.usage_days (
    key_prefix text NOT NULL,
    usage_date date NOT NULL,
    shard integer NOT NULL,
    shard_count integer NOT NULL,
    keys bigint NOT NULL,
    completed_at timestamp with time zone NOT NULL,
    run_id uuid NOT NULL
);

COMMENT ON TABLE oneshot.usage_days IS 'Days that were over, and whose counters were all written, when a run of usage-aggregation read them.';

CREATE TABLE public.assets (
    id bigint NOT NULL,
    title text,
    description text,
    tags text[],
    deleted_at timestamp with time zone,
    language text
);

CREATE TABLE public.blog_posts (
    id bigint NOT NULL,
    title text,
    excerpt text,
    content text,
    language text
);

CREATE TABLE public.creators (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    stage_name text,
    bio text,
    specialties text
);

CREATE TABLE public.feed_comments (
    id bigint NOT NULL,
    feed_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.feed_comments_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.feed_comments_id_seq OWNED BY public.feed_comments.id;

CREATE TABLE public.feed_likes (
    id bigint NOT NULL,
    feed_id bigint NOT NULL,
    user_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE SEQUENCE public.feed_likes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.feed_likes_id_seq OWNED BY public.feed_likes.id;

CREATE TABLE public.feed_views (
    feed_id bigint NOT NULL,
    viewed_at timestamp with time zone NOT NULL
);

CREATE TABLE public.feeds (
    id bigint NOT NULL,
    user_id bigint NOT NULL,
    content text,
    created_at timestamp with time zone NOT NULL,
    deleted_at timestamp with time zone
);

CREATE TABLE public.follows (
    follower_id bigint NOT NULL,
    followee_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

CREATE VIEW public.found_elephants AS
 SELECT search.entity_id
   FROM public.search('elephant'::text) search(entity, entity_id, rank, approximate);

CREATE TABLE public.licenses (
    id text NOT NULL,
    title text,
    description text
);

CREATE TABLE public.merchant_usage (
    merchant_id text NOT NULL COLLATE pg_catalog."C",
    usage_date date NOT NULL,
    metric_type text NOT NULL COLLATE pg_catalog."C",
    value bigint NOT NULL,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.merchant_usage IS 'The value of each usage counter, moved here from Redis by usage-aggregation.';

CREATE TABLE public.metric_events (
    id bigint NOT NULL,
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    value double precision NOT NULL,
    occurred_at timestamp with time zone NOT NULL,
    ingested_at timestamp with time zone DEFAULT now() NOT NULL,
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT metric_events_entity_id_check CHECK ((octet_length(entity_id) <= 512)),
    CONSTRAINT metric_events_entity_type_check CHECK ((octet_length(entity_type) <= 512)),
    CONSTRAINT metric_events_metric_check CHECK (((octet_length(metric) >= 1) AND (octet_length(metric) <= 512))),
    CONSTRAINT metric_events_occurred_at_check CHECK (((occurred_at >= '0001-03-01 00:00:00+00'::timestamp with time zone) AND (occurred_at < '9999-11-01 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT metric_events_value_check CHECK (((value > '-Infinity'::double precision) AND (value < 'Infinity'::double precision)))
);

COMMENT ON COLUMN public.metric_events.written_by IS 'The transaction that wrote the row. What was committed since a snapshot was taken is what that snapshot does not see, in whatever order transactions commit. Never write it yourself.';

ALTER TABLE public.metric_events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.metric_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.metric_rollups (
    granularity text NOT NULL COLLATE pg_catalog."C",
    bucket_start timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    sum double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL
)
PARTITION BY LIST (granularity);

COMMENT ON TABLE public.metric_rollups IS 'Kept by metrics-rollups. The average is sum / count.';

CREATE TABLE public.metric_rollups_daily (
    granularity text NOT NULL COLLATE pg_catalog."C",
    bucket_start timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    sum double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL
);

CREATE TABLE public.metric_rollups_hourly (
    granularity text NOT NULL COLLATE pg_catalog."C",
    bucket_start timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    sum double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL
);

CREATE TABLE public.metric_rollups_monthly (
    granularity text NOT NULL COLLATE pg_catalog."C",
    bucket_start timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    sum double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL
);

CREATE TABLE public.metric_rollups_weekly (
    granularity text NOT NULL COLLATE pg_catalog."C",
    bucket_start timestamp with time zone NOT NULL,
    source text NOT NULL COLLATE pg_catalog."C",
    metric text NOT NULL COLLATE pg_catalog."C",
    entity_type text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    count bigint NOT NULL,
    sum double precision NOT NULL,
    min double precision NOT NULL,
    max double precision NOT NULL
);

CREATE VIEW public.metrics_aggregation_jobs_log AS
 SELECT p.granularity AS job_type,
    p.period_start,
    p.period_end,
        CASE
            WHEN (p.completed_at IS NULL) THEN r.status
            WHEN (p.errors > 0) THEN 'partial'::text
            ELSE 'succeeded'::text
        END AS status,
    p.started_at,
    COALESCE(p.completed_at,
        CASE
            WHEN (p.started_at IS NOT NULL) THEN r.finished_at
            ELSE NULL::timestamp with time zone
        END) AS completed_at,
    (EXTRACT(epoch FROM (COALESCE(p.completed_at, r.finished_at) - p.started_at)))::double precision AS duration_seconds,
    p.records_processed,
    p.errors,
    COALESCE(p.error_message,
        CASE
            WHEN (p.completed_at IS NULL) THEN r.error_message
            ELSE NULL::text
        END) AS error_message,
    p.mode,
    p.run_id
   FROM (oneshot.rollup_progress p
     JOIN oneshot.job_runs r USING (run_id));

COMMENT ON VIEW public.metrics_aggregation_jobs_log IS 'One row for each run of metrics-rollups and each level.';

CREATE TABLE public.projects (
    id integer NOT NULL,
    title text,
    description text,
    deleted_at timestamp with time zone
);

CREATE TABLE public.search_documents (
    entity text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    document tsvector NOT NULL,
    source_hash bigint NOT NULL,
    language text NOT NULL COLLATE pg_catalog."C",
    indexed_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.search_documents IS 'What search() looks through, kept true to its sources by reindex. source_hash is of the texts and the language.';

CREATE TABLE public.search_languages (
    language text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE public.search_languages IS 'Each language (text search configuration) that a document has, or had.';

CREATE TABLE public.search_pending (
    id bigint NOT NULL,
    entity text NOT NULL COLLATE pg_catalog."C",
    entity_id text NOT NULL COLLATE pg_catalog."C",
    queued_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

COMMENT ON TABLE public.search_pending IS 'Documents whose sources have changed: written by triggers (oneshot.search_track) or by the application, taken by reindex with REINDEX_MODE=pending.';

ALTER TABLE public.search_pending ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.search_pending_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.search_words (
    language text NOT NULL COLLATE pg_catalog."C",
    word text NOT NULL COLLATE pg_catalog."C"
);

COMMENT ON TABLE public.search_words IS 'The words (lexemes) that documents have, or had until the next rebuild: what a misspelt word is compared with.';

CREATE TABLE public.top_stats_history (
    board text NOT NULL COLLATE pg_catalog."C",
    computed_at timestamp with time zone NOT NULL,
    rank bigint NOT NULL,
    member text NOT NULL COLLATE pg_catalog."C",
    score double precision NOT NULL
);

COMMENT ON TABLE public.top_stats_history IS 'Each published board of top-stats. computed_at is the moment that the run was for: the end of the board''s window.';

CREATE TABLE public.users (
    id bigint NOT NULL,
    username text,
    deleted_at timestamp with time zone
);

ALTER TABLE ONLY public.metric_rollups ATTACH PARTITION public.metric_rollups_daily FOR VALUES IN ('daily');

ALTER TABLE ONLY public.metric_rollups ATTACH PARTITION public.metric_rollups_hourly FOR VALUES IN ('hourly');

ALTER TABLE ONLY public.metric_rollups ATTACH PARTITION public.metric_rollups_monthly FOR VALUES IN ('monthly');

ALTER TABLE ONLY public.metric_rollups ATTACH PARTITION public.metric_rollups_weekly FOR VALUES IN ('weekly');

ALTER TABLE ONLY public.feed_comments ALTER COLUMN id SET DEFAULT nextval('public.feed_comments_id_seq'::regclass);

ALTER TABLE ONLY public.feed_likes ALTER COLUMN id SET DEFAULT nextval('public.feed_likes_id_seq'::regclass);

INSERT INTO oneshot.dead_letter_actions OVERRIDING SYSTEM VALUE VALUES
	(1, '2026-11-29 18:50:28.756626+00', 'owner', 'bob', 'discard', 'usage-aggregation', '\x014ce2ce0cd7a222b5faa1ebba13cdcdcc9860d31b46ab1f0293e5eef5a7243a', 'usage:worse:2025-11-06:n', 'not_integer', 'the value is not a whole number; set it to one or delete the key', 2, '2026-11-29 18:50:20.520807+00'),
	(2, '2026-11-29 18:50:36.200716+00', 'owner', 'ann', 'replay', 'usage-aggregation', '\xdd6fed0853e9686d3072e979d42c52182b589729a01bfe5ceda2bcc1814fb705', 'usage:bad:2025-11-07:n', 'not_integer', 'the value is not a whole number; set it to one or delete the key', 2, '2026-11-29 18:50:20.520807+00');

INSERT INTO oneshot.dead_letters VALUES
	('reindex', '\xc673a499e89cba1480b2919648fa213a805d6e72ebdef195abc0198f587dc9ed', 'asset/2', '{"id": "2", "entity": "asset", "language": "klingon"}', 'unknown_language', '«klingon» is not a text search configuration of pg_catalog, nor of the schema of search_documents. What search() finds of it stays as it was', 2, '2026-11-29 18:50:21.09291+00', '2026-11-29 18:50:21.295828+00', '01a228a4-d6ef-77ec-bcc1-b2a3a56beeca', 'pending', NULL, NULL, NULL),
	('usage-aggregation', '\x014ce2ce0cd7a222b5faa1ebba13cdcdcc9860d31b46ab1f0293e5eef5a7243a', 'usage:worse:2025-11-06:n', '{"value": "9e9", "key_prefix": "usage:", "usage_date": "2025-11-06", "merchant_id": "worse", "metric_type": "n"}', 'not_integer', 'the value is not a whole number; set it to one or delete the key', 2, '2026-11-29 18:50:20.441268+00', '2026-11-29 18:50:20.520807+00', '01a228a4-d3e8-7368-ad3d-4990a6849175', 'discarded', NULL, NULL, NULL),
	('usage-aggregation', '\xdd6fed0853e9686d3072e979d42c52182b589729a01bfe5ceda2bcc1814fb705', 'usage:bad:2025-11-07:n', '{"value": "not a number", "key_prefix": "usage:", "usage_date": "2025-11-07", "merchant_id": "bad", "metric_type": "n"}', 'not_integer', 'the value is not a whole number; set it to one or delete the key', 2, '2026-11-29 18:50:20.441268+00', '2026-11-29 18:50:20.520807+00', '01a228a4-d3e8-7368-ad3d-4990a6849175', 'pending', '2026-11-29 18:50:36.200716+00', 'ann', NULL);

INSERT INTO oneshot.fences VALUES
	('usage-aggregation', 0, 2),
	('top-stats', 0, 1),
	('top-stats', 1, 2),
	('metrics-rollups', 0, 1),
	('reindex', 0, 2),
	('job-doctor', 0, 1);

INSERT INTO oneshot.incidents VALUES
	('e7601d2d-9b95-4555-a58e-d79da250ff42', 'usage-aggregation', '', 0, 'late', '2025-11-08 03:10:00+00', 'the run for 2025-11-08T03:00:00Z started 386d 15h after its slot. Does the platform lack room, or take long to fetch the image?', '2026-11-29 18:50:21.584604+00', '01a228a4-d7fa-75dd-b508-3dbf6b35d2c5', NULL, '{}', '{}');

INSERT INTO oneshot.job_runs VALUES
	('01a228a4-d399-7130-8bad-e6479097e637', 'usage-aggregation', 0, 1, '2025-11-08 02:00:00+00', 'setting', false, '2025-11-01 00:00:00+00', '2025-11-08 00:00:00+00', 'partial', 1, 1, '2026-11-29 18:50:20.441268+00', '2026-11-29 18:50:20.493936+00', 50, '{"days": 7, "failed": 2, "matched": 6, "scanned": 6, "updated": 0, "inserted": 4, "vanished": 0, "regressed": 0, "unchanged": 0, "keys_without_ttl": 6}', '{"by_day": [{"day": "2025-11-01", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-02", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-03", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-04", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-05", "keys": 1, "updated": 0, "inserted": 1, "regressed": 0, "unchanged": 0, "is_completed": true}, {"day": "2025-11-06", "keys": 1, "updated": 0, "inserted": 1, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-07", "keys": 2, "updated": 0, "inserted": 2, "regressed": 0, "unchanged": 0, "is_completed": false}], "regressed_items": []}', 2, NULL, NULL, 'host', '0.1.0', '', '2026-11-29 19:40:20.441268+00', 6, 0),
	('01a228a4-d3e8-7368-ad3d-4990a6849175', 'usage-aggregation', 0, 1, '2025-11-08 03:00:00+00', 'setting', false, '2025-11-01 00:00:00+00', '2025-11-08 00:00:00+00', 'succeeded', 1, 2, '2026-11-29 18:50:20.520807+00', '2026-11-29 18:50:20.584726+00', 61, '{"days": 6, "failed": 2, "matched": 5, "scanned": 6, "updated": 0, "inserted": 0, "vanished": 0, "regressed": 0, "unchanged": 3, "keys_without_ttl": 5}', '{"by_day": [{"day": "2025-11-01", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-02", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-03", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-04", "keys": 0, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 0, "is_completed": false}, {"day": "2025-11-06", "keys": 1, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 1, "is_completed": false}, {"day": "2025-11-07", "keys": 2, "updated": 0, "inserted": 0, "regressed": 0, "unchanged": 2, "is_completed": false}], "regressed_items": []}', 2, NULL, NULL, 'host', '0.1.0', '', '2026-11-29 19:40:20.520807+00', 5, 0),
	('01a228a4-d44b-7548-ae83-4ca5f0143d05', 'top-stats', 0, 1, '2025-11-08 02:00:00+00', 'setting', false, '2025-10-09 02:00:00+00', '2025-11-08 02:00:00+00', 'succeeded', 1, 1, '2026-11-29 18:50:20.619096+00', '2026-11-29 18:50:20.735492+00', 112, '{"failed": 0, "emptied": 12, "members": 32, "published": 18, "history_rows": 32, "history_removed": 0}', '{"boards": [{"key": "top:users_liked:30d", "members": 5}, {"key": "top:users_liked", "members": 5}, {"key": "top:users_liked:1d", "members": 0}, {"key": "top:comments:30d", "members": 0}, {"key": "top:comments", "members": 0}, {"key": "top:comments:1d", "members": 0}, {"key": "top:feeds_viewed:30d", "members": 0}, {"key": "top:feeds_viewed", "members": 0}, {"key": "top:feeds_viewed:1d", "members": 0}, {"key": "top:feeds_liked:30d", "members": 6}, {"key": "top:feeds_liked", "members": 6}, {"key": "top:feeds_liked:1d", "members": 0}, {"key": "top:users_followed:30d", "members": 0}, {"key": "top:users_followed", "members": 0}, {"key": "top:users_followed:1d", "members": 0}, {"key": "top:users_active:30d", "members": 5}, {"key": "top:users_active", "members": 5}, {"key": "top:users_active:1d", "members": 0}]}', 0, NULL, NULL, 'host', '0.1.0', '', '2026-11-29 19:40:20.619096+00', 18, 0),
	('01a228a4-d4e0-7e9f-ba71-f4653430742b', 'top-stats', 1, 2, '2025-11-08 03:00:00+00', 'setting', false, '2025-10-09 03:00:00+00', '2025-11-08 03:00:00+00', 'succeeded', 1, 2, '2026-11-29 18:50:20.768048+00', '2026-11-29 18:50:20.848815+00', 77, '{"failed": 0, "emptied": 5, "members": 22, "published": 9, "history_rows": 22, "history_removed": 0}', '{"boards": [{"key": "top:comments:30d", "members": 0}, {"key": "top:comments", "members": 0}, {"key": "top:comments:1d", "members": 0}, {"key": "top:feeds_liked:30d", "members": 6}, {"key": "top:feeds_liked", "members": 6}, {"key": "top:feeds_liked:1d", "members": 0}, {"key": "top:users_active:30d", "members": 5}, {"key": "top:users_active", "members": 5}, {"key": "top:users_active:1d", "members": 0}]}', 0, NULL, NULL, 'host', '0.1.0', '', '2026-11-29 19:40:20.768048+00', 9, 0),
	('01a228a4-d54e-76fd-b44b-7f87218d5b3f', 'metrics-rollups', 0, 1, '2025-11-08 02:00:00+00', 'setting', false, '2025-11-01 00:00:00+00', '2025-12-01 00:00:00+00', 'succeeded', 1, 1, '2026-11-29 18:50:20.878689+00', '2026-11-29 18:50:21.071571+00', 188, '{"days": 3, "hours": 20, "weeks": 1, "behind": 0, "events": 20, "failed": 0, "months": 1, "queued": 0, "deleted": 0, "noticed": 20, "pending": 0, "updated": 0, "compared": 0, "inserted": 64, "differences": 0, "raw_removed": 0, "touched_hours": 20, "rollups_removed": 0}', '{}', 0, NULL, NULL, 'host', '0.1.0', 'hourly,daily,weekly,monthly', '2026-11-29 19:40:20.878689+00', 25, 0),
	('01a228a4-d624-705c-a597-a7d5e22fade3', 'reindex', 0, 1, '2025-11-08 02:00:00+00', 'setting', false, NULL, NULL, 'succeeded', 1, 1, '2026-11-29 18:50:21.09291+00', '2026-11-29 18:50:21.267203+00', 172, '{"read": 5, "failed": 1, "removed": 0, "updated": 0, "inserted": 4, "unchanged": 0}', '{"entities": {"asset": {"read": 4, "failed": 1, "removed": 0, "updated": 0, "inserted": 3, "unchanged": 0}, "project": {"read": 1, "failed": 0, "removed": 0, "updated": 0, "inserted": 1, "unchanged": 0}}}', 1, NULL, NULL, 'host', '0.1.0', 'changed', '2026-11-29 19:40:21.09291+00', 5, 0),
	('01a228a4-d6ef-77ec-bcc1-b2a3a56beeca', 'reindex', 0, 1, '2025-11-08 02:00:00+00', 'setting', false, NULL, NULL, 'succeeded', 1, 2, '2026-11-29 18:50:21.295828+00', '2026-11-29 18:50:21.531887+00', 233, '{"read": 5, "failed": 1, "removed": 0, "updated": 0, "inserted": 0, "unchanged": 4}', '{"entities": {"asset": {"read": 4, "failed": 1, "removed": 0, "updated": 0, "inserted": 0, "unchanged": 3}, "project": {"read": 1, "failed": 0, "removed": 0, "updated": 0, "inserted": 0, "unchanged": 1}}}', 1, NULL, NULL, 'host', '0.1.0', 'rebuild', '2026-11-29 19:40:21.295828+00', 5, 0),
	('01a228a4-d7fa-75dd-b508-3dbf6b35d2c5', 'job-doctor', 0, 1, '2026-11-29 18:50:21.562838+00', 'clock', false, NULL, NULL, 'partial', 1, 1, '2026-11-29 18:50:21.562838+00', '2026-11-29 18:50:21.599357+00', 34, '{"over": 0, "told": 0, "parts": 5, "opened": 1, "expected": 1, "troubles": 1}', '{"found": [{"kind": "late", "part": "usage-aggregation", "since": "2025-11-08T03:10:00Z", "message": "the run for 2025-11-08T03:00:00Z started 386d 15h after its slot. Does the platform lack room, or take long to fetch the image?"}], "undelivered": []}', 0, NULL, NULL, 'host', '0.1.0', '', '2026-11-29 19:40:21.562838+00', 5, 0);

INSERT INTO oneshot.job_totals VALUES
	('usage-aggregation', 0, 1, 1, 0, 0, 4, 0, '2026-11-29 18:50:20.584726+00'),
	('top-stats', 0, 1, 0, 0, 0, 0, 0, '2026-11-29 18:50:20.735492+00'),
	('top-stats', 1, 1, 0, 0, 0, 0, 0, '2026-11-29 18:50:20.848815+00'),
	('metrics-rollups', 0, 1, 0, 0, 0, 0, 0, '2026-11-29 18:50:21.071571+00'),
	('reindex', 0, 2, 0, 0, 0, 2, 0, '2026-11-29 18:50:21.531887+00'),
	('job-doctor', 0, 0, 1, 0, 0, 0, 1, NULL);

INSERT INTO oneshot.migrations VALUES
	(1, 'ledger', '2025-11-01 00:01:00+00'),
	(2, 'usage', '2025-11-01 00:02:00+00'),
	(3, 'totals', '2025-11-01 00:03:00+00'),
	(4, 'top_stats', '2025-11-01 00:04:00+00'),
	(5, 'variants', '2025-11-01 00:05:00+00'),
	(6, 'rollups', '2025-11-01 00:06:00+00'),
	(7, 'search', '2025-11-01 00:07:00+00'),
	(8, 'operations', '2025-11-01 00:08:00+00'),
	(9, 'replay', '2025-11-01 00:09:00+00'),
	(10, 'incidents', '2025-11-01 00:10:00+00'),
	(11, 'search_rebuild', '2025-11-01 00:11:00+00');

INSERT INTO oneshot.reindex_sharding VALUES
	(true, 1);

INSERT INTO oneshot.rollup_positions VALUES
	('metric_events', 'UTC', '870:870:', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

INSERT INTO oneshot.rollup_progress VALUES
	('01a228a4-d54e-76fd-b44b-7f87218d5b3f', 'hourly', 'incremental', '2026-11-29 18:50:20.98458+00', '2026-11-29 18:50:21.018834+00', '2025-11-05 14:00:00+00', '2025-11-08 00:00:00+00', 20, 0, NULL),
	('01a228a4-d54e-76fd-b44b-7f87218d5b3f', 'daily', 'incremental', '2026-11-29 18:50:21.019978+00', '2026-11-29 18:50:21.047822+00', '2025-11-05 00:00:00+00', '2025-11-08 00:00:00+00', 20, 0, NULL),
	('01a228a4-d54e-76fd-b44b-7f87218d5b3f', 'weekly', 'incremental', '2026-11-29 18:50:21.049021+00', '2026-11-29 18:50:21.05908+00', '2025-11-03 00:00:00+00', '2025-11-10 00:00:00+00', 20, 0, NULL),
	('01a228a4-d54e-76fd-b44b-7f87218d5b3f', 'monthly', 'incremental', '2026-11-29 18:50:21.060241+00', '2026-11-29 18:50:21.070249+00', '2025-11-01 00:00:00+00', '2025-12-01 00:00:00+00', 20, 0, NULL);

INSERT INTO oneshot.usage_days VALUES
	('usage:', '2025-11-05', 0, 1, 1, '2026-11-29 18:50:20.484202+00', '01a228a4-d399-7130-8bad-e6479097e637');

INSERT INTO public.assets VALUES
	(2, 'Zebra', 'stripes', NULL, NULL, 'klingon'),
	(3, 'Häuser', NULL, NULL, NULL, 'german'),
	(1, 'Elephants by the river', 'they walk', '{a}', NULL, NULL),
	(4, 'waits in the queue', NULL, NULL, NULL, NULL);

INSERT INTO public.feed_likes VALUES
	(1, 2, 2, '2025-11-07 00:00:00+00'),
	(2, 3, 3, '2025-11-07 00:00:00+00'),
	(3, 4, 4, '2025-11-07 00:00:00+00'),
	(4, 5, 5, '2025-11-07 00:00:00+00'),
	(5, 6, 1, '2025-11-07 00:00:00+00'),
	(6, 1, 2, '2025-11-07 00:00:00+00'),
	(7, 2, 3, '2025-11-07 00:00:00+00'),
	(8, 3, 4, '2025-11-07 00:00:00+00'),
	(9, 4, 5, '2025-11-07 00:00:00+00'),
	(10, 5, 1, '2025-11-07 00:00:00+00'),
	(11, 6, 2, '2025-11-07 00:00:00+00'),
	(12, 1, 3, '2025-11-07 00:00:00+00'),
	(13, 2, 4, '2025-11-07 00:00:00+00'),
	(14, 3, 5, '2025-11-07 00:00:00+00'),
	(15, 4, 1, '2025-11-07 00:00:00+00'),
	(16, 5, 2, '2025-11-07 00:00:00+00'),
	(17, 6, 3, '2025-11-07 00:00:00+00'),
	(18, 1, 4, '2025-11-07 00:00:00+00'),
	(19, 2, 5, '2025-11-07 00:00:00+00'),
	(20, 3, 1, '2025-11-07 00:00:00+00');

INSERT INTO public.feeds VALUES
	(1, 2, 'text', '2025-11-01 00:00:00+00', NULL),
	(2, 3, 'text', '2025-11-01 00:00:00+00', NULL),
	(3, 4, 'text', '2025-11-01 00:00:00+00', NULL),
	(4, 5, 'text', '2025-11-01 00:00:00+00', NULL),
	(5, 1, 'text', '2025-11-01 00:00:00+00', NULL),
	(6, 2, 'text', '2025-11-01 00:00:00+00', NULL);

INSERT INTO public.merchant_usage VALUES
	('a', '2025-11-05', 'x', 5, '2026-11-29 18:50:20.484202+00', '2026-11-29 18:50:20.484202+00'),
	('a', '2025-11-06', 'x', 7, '2026-11-29 18:50:20.486994+00', '2026-11-29 18:50:20.486994+00'),
	('b', '2025-11-07', 'y', 9, '2026-11-29 18:50:20.490185+00', '2026-11-29 18:50:20.490185+00'),
	('c', '2025-11-07', 'z', 1, '2026-11-29 18:50:20.490185+00', '2026-11-29 18:50:20.490185+00');

INSERT INTO public.metric_events VALUES
	(1, 'metric 1', 'user', 'user 1', 1, '2025-11-07 23:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(2, 'metric 2', 'user', 'user 2', 2, '2025-11-07 20:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(3, 'metric 0', 'user', 'user 3', 3, '2025-11-07 17:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(4, 'metric 1', 'user', 'user 0', 4, '2025-11-07 14:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(5, 'metric 2', 'user', 'user 1', 5, '2025-11-07 11:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(6, 'metric 0', 'user', 'user 2', 6, '2025-11-07 08:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(7, 'metric 1', 'user', 'user 3', 7, '2025-11-07 05:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(8, 'metric 2', 'user', 'user 0', 8, '2025-11-07 02:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(9, 'metric 0', 'user', 'user 1', 9, '2025-11-06 23:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(10, 'metric 1', 'user', 'user 2', 10, '2025-11-06 20:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(11, 'metric 2', 'user', 'user 3', 11, '2025-11-06 17:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(12, 'metric 0', 'user', 'user 0', 12, '2025-11-06 14:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(13, 'metric 1', 'user', 'user 1', 13, '2025-11-06 11:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(14, 'metric 2', 'user', 'user 2', 14, '2025-11-06 08:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(15, 'metric 0', 'user', 'user 3', 15, '2025-11-06 05:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(16, 'metric 1', 'user', 'user 0', 16, '2025-11-06 02:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(17, 'metric 2', 'user', 'user 1', 17, '2025-11-05 23:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(18, 'metric 0', 'user', 'user 2', 18, '2025-11-05 20:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(19, 'metric 1', 'user', 'user 3', 19, '2025-11-05 17:00:00+00', '2026-11-29 18:50:20.3577+00', '783'),
	(20, 'metric 2', 'user', 'user 0', 20, '2025-11-05 14:00:00+00', '2026-11-29 18:50:20.3577+00', '783');

INSERT INTO public.metric_rollups_daily VALUES
	('daily', '2025-11-05 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 1, 18, 18, 18),
	('daily', '2025-11-05 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 1, 19, 19, 19),
	('daily', '2025-11-05 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 1, 20, 20, 20),
	('daily', '2025-11-05 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 1, 17, 17, 17),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 0', 1, 12, 12, 12),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 1', 1, 9, 9, 9),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 1, 15, 15, 15),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 1, 16, 16, 16),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 1, 13, 13, 13),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 2', 1, 10, 10, 10),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 1, 14, 14, 14),
	('daily', '2025-11-06 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 3', 1, 11, 11, 11),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 1, 6, 6, 6),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 1, 3, 3, 3),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 1, 4, 4, 4),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 1, 1, 1, 1),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 1, 7, 7, 7),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 1, 8, 8, 8),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 1, 5, 5, 5),
	('daily', '2025-11-07 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 1, 2, 2, 2);

INSERT INTO public.metric_rollups_hourly VALUES
	('hourly', '2025-11-05 14:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 1, 20, 20, 20),
	('hourly', '2025-11-05 17:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 1, 19, 19, 19),
	('hourly', '2025-11-05 20:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 1, 18, 18, 18),
	('hourly', '2025-11-05 23:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 1, 17, 17, 17),
	('hourly', '2025-11-06 02:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 1, 16, 16, 16),
	('hourly', '2025-11-06 05:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 1, 15, 15, 15),
	('hourly', '2025-11-06 08:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 1, 14, 14, 14),
	('hourly', '2025-11-06 11:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 1, 13, 13, 13),
	('hourly', '2025-11-06 14:00:00+00', 'metric_events', 'metric 0', 'user', 'user 0', 1, 12, 12, 12),
	('hourly', '2025-11-06 17:00:00+00', 'metric_events', 'metric 2', 'user', 'user 3', 1, 11, 11, 11),
	('hourly', '2025-11-06 20:00:00+00', 'metric_events', 'metric 1', 'user', 'user 2', 1, 10, 10, 10),
	('hourly', '2025-11-06 23:00:00+00', 'metric_events', 'metric 0', 'user', 'user 1', 1, 9, 9, 9),
	('hourly', '2025-11-07 02:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 1, 8, 8, 8),
	('hourly', '2025-11-07 05:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 1, 7, 7, 7),
	('hourly', '2025-11-07 08:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 1, 6, 6, 6),
	('hourly', '2025-11-07 11:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 1, 5, 5, 5),
	('hourly', '2025-11-07 14:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 1, 4, 4, 4),
	('hourly', '2025-11-07 17:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 1, 3, 3, 3),
	('hourly', '2025-11-07 20:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 1, 2, 2, 2),
	('hourly', '2025-11-07 23:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 1, 1, 1, 1);

INSERT INTO public.metric_rollups_monthly VALUES
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 0', 1, 12, 12, 12),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 1', 1, 9, 9, 9),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 2, 24, 6, 18),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 2, 18, 3, 15),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 2, 20, 4, 16),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 2, 14, 1, 13),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 2', 1, 10, 10, 10),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 2, 26, 7, 19),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 2, 28, 8, 20),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 2, 22, 5, 17),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 2, 16, 2, 14),
	('monthly', '2025-11-01 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 3', 1, 11, 11, 11);

INSERT INTO public.metric_rollups_weekly VALUES
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 0', 1, 12, 12, 12),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 1', 1, 9, 9, 9),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 2', 2, 24, 6, 18),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 0', 'user', 'user 3', 2, 18, 3, 15),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 0', 2, 20, 4, 16),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 1', 2, 14, 1, 13),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 2', 1, 10, 10, 10),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 1', 'user', 'user 3', 2, 26, 7, 19),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 0', 2, 28, 8, 20),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 1', 2, 22, 5, 17),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 2', 2, 16, 2, 14),
	('weekly', '2025-11-03 00:00:00+00', 'metric_events', 'metric 2', 'user', 'user 3', 1, 11, 11, 11);

INSERT INTO public.projects VALUES
	(1, 'A mountain', 'of work', NULL);

INSERT INTO public.search_documents VALUES
	('asset', '1', '''eleph'':1A ''river'':4A ''walk'':6B', -4877912706029263357, 'english', '2026-11-29 18:50:21.388348+00'),
	('asset', '4', '''queue'':4A ''wait'':1A', 824384127128288500, 'english', '2026-11-29 18:50:21.405859+00'),
	('asset', '3', '''haus'':1A', 4034044370345725856, 'german', '2026-11-29 18:50:21.405859+00'),
	('project', '1', '''mountain'':2A ''work'':4B', -2213066858928398760, 'english', '2026-11-29 18:50:21.442696+00');

INSERT INTO public.search_languages VALUES
	('english'),
	('german');

INSERT INTO public.search_pending OVERRIDING SYSTEM VALUE VALUES
	(1, 'asset', '1', '2026-11-29 18:50:20.364177+00'),
	(2, 'asset', '4', '2026-11-29 18:50:20.36543+00');

INSERT INTO public.search_words VALUES
	('english', 'queue'),
	('english', 'eleph'),
	('english', 'river'),
	('english', 'walk'),
	('english', 'wait'),
	('german', 'haus'),
	('english', 'mountain'),
	('english', 'work');

INSERT INTO public.top_stats_history VALUES
	('users_liked:30d', '2025-11-08 02:00:00+00', 1, '2', 6),
	('users_liked:30d', '2025-11-08 02:00:00+00', 2, '4', 4),
	('users_liked:30d', '2025-11-08 02:00:00+00', 3, '3', 4),
	('users_liked:30d', '2025-11-08 02:00:00+00', 4, '5', 3),
	('users_liked:30d', '2025-11-08 02:00:00+00', 5, '1', 3),
	('users_liked', '2025-11-08 02:00:00+00', 1, '2', 6),
	('users_liked', '2025-11-08 02:00:00+00', 2, '4', 4),
	('users_liked', '2025-11-08 02:00:00+00', 3, '3', 4),
	('users_liked', '2025-11-08 02:00:00+00', 4, '5', 3),
	('users_liked', '2025-11-08 02:00:00+00', 5, '1', 3),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 1, '3', 4),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 2, '2', 4),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 3, '6', 3),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 4, '5', 3),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 5, '4', 3),
	('feeds_liked:30d', '2025-11-08 02:00:00+00', 6, '1', 3),
	('feeds_liked', '2025-11-08 02:00:00+00', 1, '3', 4),
	('feeds_liked', '2025-11-08 02:00:00+00', 2, '2', 4),
	('feeds_liked', '2025-11-08 02:00:00+00', 3, '6', 3),
	('feeds_liked', '2025-11-08 02:00:00+00', 4, '5', 3),
	('feeds_liked', '2025-11-08 02:00:00+00', 5, '4', 3),
	('feeds_liked', '2025-11-08 02:00:00+00', 6, '1', 3),
	('users_active:30d', '2025-11-08 02:00:00+00', 1, '2', 6),
	('users_active:30d', '2025-11-08 02:00:00+00', 2, '5', 5),
	('users_active:30d', '2025-11-08 02:00:00+00', 3, '4', 5),
	('users_active:30d', '2025-11-08 02:00:00+00', 4, '3', 5),
	('users_active:30d', '2025-11-08 02:00:00+00', 5, '1', 5),
	('users_active', '2025-11-08 02:00:00+00', 1, '5', 4),
	('users_active', '2025-11-08 02:00:00+00', 2, '4', 4),
	('users_active', '2025-11-08 02:00:00+00', 3, '3', 4),
	('users_active', '2025-11-08 02:00:00+00', 4, '2', 4),
	('users_active', '2025-11-08 02:00:00+00', 5, '1', 4),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 1, '3', 4),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 2, '2', 4),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 3, '6', 3),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 4, '5', 3),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 5, '4', 3),
	('feeds_liked:30d', '2025-11-08 03:00:00+00', 6, '1', 3),
	('feeds_liked', '2025-11-08 03:00:00+00', 1, '3', 4),
	('feeds_liked', '2025-11-08 03:00:00+00', 2, '2', 4),
	('feeds_liked', '2025-11-08 03:00:00+00', 3, '6', 3),
	('feeds_liked', '2025-11-08 03:00:00+00', 4, '5', 3),
	('feeds_liked', '2025-11-08 03:00:00+00', 5, '4', 3),
	('feeds_liked', '2025-11-08 03:00:00+00', 6, '1', 3),
	('users_active:30d', '2025-11-08 03:00:00+00', 1, '2', 6),
	('users_active:30d', '2025-11-08 03:00:00+00', 2, '5', 5),
	('users_active:30d', '2025-11-08 03:00:00+00', 3, '4', 5),
	('users_active:30d', '2025-11-08 03:00:00+00', 4, '3', 5),
	('users_active:30d', '2025-11-08 03:00:00+00', 5, '1', 5),
	('users_active', '2025-11-08 03:00:00+00', 1, '5', 4),
	('users_active', '2025-11-08 03:00:00+00', 2, '4', 4),
	('users_active', '2025-11-08 03:00:00+00', 3, '3', 4),
	('users_active', '2025-11-08 03:00:00+00', 4, '2', 4),
	('users_active', '2025-11-08 03:00:00+00', 5, '1', 4);

INSERT INTO public.users VALUES
	(1, 'user 1', NULL),
	(2, 'user 2', NULL),
	(3, 'user 3', NULL),
	(4, 'user 4', NULL),
	(5, 'user 5', NULL);

SELECT pg_catalog.setval('oneshot.dead_letter_actions_id_seq', 2, true);

SELECT pg_catalog.setval('public.feed_comments_id_seq', 1, false);

SELECT pg_catalog.setval('public.feed_likes_id_seq', 20, true);

SELECT pg_catalog.setval('public.metric_events_id_seq', 20, true);

SELECT pg_catalog.setval('public.search_pending_id_seq', 2, true);

ALTER TABLE ONLY oneshot.dead_letter_actions
    ADD CONSTRAINT dead_letter_actions_pkey PRIMARY KEY (id);

ALTER TABLE ONLY oneshot.dead_letters
    ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (job, item_digest);

ALTER TABLE ONLY oneshot.fences
    ADD CONSTRAINT fences_pkey PRIMARY KEY (job, shard);

ALTER TABLE ONLY oneshot.incidents
    ADD CONSTRAINT incidents_pkey PRIMARY KEY (incident_id);

ALTER TABLE ONLY oneshot.job_runs
    ADD CONSTRAINT job_runs_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY oneshot.job_totals
    ADD CONSTRAINT job_totals_pkey PRIMARY KEY (job, shard);

ALTER TABLE ONLY oneshot.migrations
    ADD CONSTRAINT migrations_pkey PRIMARY KEY (version);

ALTER TABLE ONLY oneshot.reindex_cursors
    ADD CONSTRAINT reindex_cursors_pkey PRIMARY KEY (mode, entity, shard, lane);

ALTER TABLE ONLY oneshot.reindex_sharding
    ADD CONSTRAINT reindex_sharding_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY oneshot.rollup_positions
    ADD CONSTRAINT rollup_positions_pkey PRIMARY KEY (source);

ALTER TABLE ONLY oneshot.rollup_progress
    ADD CONSTRAINT rollup_progress_pkey PRIMARY KEY (run_id, granularity);

ALTER TABLE ONLY oneshot.rollup_queue
    ADD CONSTRAINT rollup_queue_pkey PRIMARY KEY (source, granularity, bucket_start);

ALTER TABLE ONLY oneshot.usage_days
    ADD CONSTRAINT usage_days_pkey PRIMARY KEY (key_prefix, usage_date, shard_count, shard);

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.blog_posts
    ADD CONSTRAINT blog_posts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.creators
    ADD CONSTRAINT creators_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feed_comments
    ADD CONSTRAINT feed_comments_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feed_likes
    ADD CONSTRAINT feed_likes_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.feeds
    ADD CONSTRAINT feeds_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.licenses
    ADD CONSTRAINT licenses_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.merchant_usage
    ADD CONSTRAINT merchant_usage_pkey PRIMARY KEY (merchant_id, usage_date, metric_type);

ALTER TABLE ONLY public.metric_events
    ADD CONSTRAINT metric_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.metric_rollups
    ADD CONSTRAINT metric_rollups_pkey PRIMARY KEY (granularity, bucket_start, source, metric, entity_type, entity_id);

ALTER TABLE ONLY public.metric_rollups_daily
    ADD CONSTRAINT metric_rollups_daily_pkey PRIMARY KEY (granularity, bucket_start, source, metric, entity_type, entity_id);

ALTER TABLE ONLY public.metric_rollups_hourly
    ADD CONSTRAINT metric_rollups_hourly_pkey PRIMARY KEY (granularity, bucket_start, source, metric, entity_type, entity_id);

ALTER TABLE ONLY public.metric_rollups_monthly
    ADD CONSTRAINT metric_rollups_monthly_pkey PRIMARY KEY (granularity, bucket_start, source, metric, entity_type, entity_id);

ALTER TABLE ONLY public.metric_rollups_weekly
    ADD CONSTRAINT metric_rollups_weekly_pkey PRIMARY KEY (granularity, bucket_start, source, metric, entity_type, entity_id);

ALTER TABLE ONLY public.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.search_documents
    ADD CONSTRAINT search_documents_pkey PRIMARY KEY (entity, entity_id);

ALTER TABLE ONLY public.search_languages
    ADD CONSTRAINT search_languages_pkey PRIMARY KEY (language);

ALTER TABLE ONLY public.search_pending
    ADD CONSTRAINT search_pending_pkey PRIMARY KEY (entity, id);

ALTER TABLE ONLY public.search_words
    ADD CONSTRAINT search_words_pkey PRIMARY KEY (language, word);

ALTER TABLE ONLY public.top_stats_history
    ADD CONSTRAINT top_stats_history_pkey PRIMARY KEY (board, computed_at, rank);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

CREATE INDEX dead_letter_actions_by_item ON oneshot.dead_letter_actions USING btree (job, item_digest, id);

CREATE INDEX dead_letters_asked ON oneshot.dead_letters USING btree (job, COALESCE(replay_run_id, '00000000-0000-0000-0000-000000000000'::uuid), replay_asked_at, item_digest) WHERE (replay_asked_at IS NOT NULL);

CREATE INDEX dead_letters_pending ON oneshot.dead_letters USING btree (job, last_failed_at) WHERE (state = 'pending'::text);

CREATE INDEX incidents_closed ON oneshot.incidents USING btree (closed_at) WHERE (closed_at IS NOT NULL);

CREATE UNIQUE INDEX incidents_open ON oneshot.incidents USING btree (job, variant, shard, kind) WHERE (closed_at IS NULL);

CREATE INDEX job_runs_by_part ON oneshot.job_runs USING btree (job, variant, shard, started_at);

CREATE INDEX job_runs_by_slot ON oneshot.job_runs USING btree (job, shard, scheduled_at);

CREATE INDEX job_runs_by_start ON oneshot.job_runs USING btree (job, started_at);

CREATE INDEX job_runs_by_time ON oneshot.job_runs USING btree (started_at);

CREATE UNIQUE INDEX job_runs_one_success_a_slot ON oneshot.job_runs USING btree (job, variant, shard, shard_count, scheduled_at) WHERE ((status = 'succeeded'::text) AND (scheduled_by <> 'clock'::text) AND (NOT forced));

CREATE INDEX job_runs_running ON oneshot.job_runs USING btree (job, shard) WHERE (status = 'running'::text);

CREATE INDEX merchant_usage_by_date ON public.merchant_usage USING brin (usage_date) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX metric_events_by_time ON public.metric_events USING btree (occurred_at);

CREATE INDEX metric_events_by_writer ON public.metric_events USING btree (written_by);

CREATE INDEX search_documents_document ON public.search_documents USING gin (document);

CREATE INDEX search_words_likeness ON public.search_words USING gin (word public.gin_trgm_ops);

CREATE INDEX top_stats_history_by_time ON public.top_stats_history USING brin (computed_at) WITH (autosummarize='on');

ALTER INDEX public.metric_rollups_pkey ATTACH PARTITION public.metric_rollups_daily_pkey;

ALTER INDEX public.metric_rollups_pkey ATTACH PARTITION public.metric_rollups_hourly_pkey;

ALTER INDEX public.metric_rollups_pkey ATTACH PARTITION public.metric_rollups_monthly_pkey;

ALTER INDEX public.metric_rollups_pkey ATTACH PARTITION public.metric_rollups_weekly_pkey;

CREATE TRIGGER metric_events_deleted AFTER DELETE ON public.metric_events REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION oneshot.note_changed_events();

CREATE TRIGGER metric_events_truncated AFTER TRUNCATE ON public.metric_events FOR EACH STATEMENT EXECUTE FUNCTION oneshot.note_changed_events();

CREATE TRIGGER metric_events_updated AFTER UPDATE ON public.metric_events REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION oneshot.note_changed_events();

CREATE TRIGGER search_asset_delete AFTER DELETE ON public.assets REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION oneshot.search_enqueue('asset', 'id');

CREATE TRIGGER search_asset_insert AFTER INSERT ON public.assets REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION oneshot.search_enqueue('asset', 'id');

CREATE TRIGGER search_asset_truncate AFTER TRUNCATE ON public.assets FOR EACH STATEMENT EXECUTE FUNCTION oneshot.search_enqueue('asset', 'id');

CREATE TRIGGER search_asset_update AFTER UPDATE ON public.assets REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION oneshot.search_enqueue('asset', 'id');

ALTER TABLE ONLY oneshot.rollup_progress
    ADD CONSTRAINT rollup_progress_run_id_fkey FOREIGN KEY (run_id) REFERENCES oneshot.job_runs(run_id) ON DELETE CASCADE;

REVOKE ALL ON FUNCTION oneshot.close_raw(source text, before timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.note_changed_events() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_enqueue() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_flush() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_likeness() FROM PUBLIC;

REVOKE ALL ON PROCEDURE oneshot.search_name_home() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_abandon() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_grant() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_index(is_gin boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_name(serving oid) FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_parameters(is_filled boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_ready() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_start() FROM PUBLIC;

REVOKE ALL ON FUNCTION oneshot.search_rebuild_swap() FROM PUBLIC;

-- PostgreSQL database dump complete

