-- reindex, mode rebuild: what it needs and only the owner of search_documents may. Narrow, so that its role owns nothing.
--
-- As in search_0001_documents.sql: names are found where this is made, the functions' search_path has nothing but pg_catalog, and
-- oneshot_home in them stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

create table oneshot.search_gone (
  language text collate "C" not null,
  word text collate "C"
);
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

revoke all on function oneshot.search_flush(), oneshot.search_rebuild_abandon(), oneshot.search_rebuild_grant(),
  oneshot.search_rebuild_parameters(boolean), oneshot.search_rebuild_start(), oneshot.search_rebuild_name(oid),
  oneshot.search_rebuild_index(boolean), oneshot.search_rebuild_ready(), oneshot.search_rebuild_swap() from public;

call oneshot.search_name_home();
