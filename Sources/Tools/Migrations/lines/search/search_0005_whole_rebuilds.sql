-- reindex, mode rebuild: nothing is swapped in that is not whole in this database, and what every table of documents needs
-- is made where somebody has dropped it.
--
-- As in search_0003_rebuild.sql: oneshot_home stands for this schema until the end of the file.
select set_config('search_path', quote_ident(current_schema()::text) || ', pg_temp', true);

-- What the new table lacks, in words; null if nothing. A run knows what it has done; but after a failover to a replica that
-- lagged, this database may not.
create function oneshot.search_rebuild_lacks() returns text language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  made oid := to_regclass('oneshot_home.search_documents_new');
begin
  if made is null then return 'the whole table'; end if;
  return (select string_agg(what, ', ' order by what) from (
    select format('%s parts of its documents', count(*)) from oneshot.reindex_cursors
    where mode = 'rebuild' and not is_done having count(*) > 0
    union all
    -- Made last of all.
    select 'its primary key' where not exists (select from pg_index where indrelid = made and indisprimary)
    union all
    select 'an index of its documents' where not oneshot.search_has_document_index(made)
    union all
    select format('an index like %I', serving.relname)
    from pg_index join pg_class as serving on serving.oid = indexrelid
    where indrelid = 'oneshot_home.search_documents'::regclass and indisvalid and not exists (
      select from pg_index as new join pg_class as of_new on of_new.oid = new.indexrelid
      where new.indrelid = made and new.indisvalid
        and of_new.relname = oneshot.search_rebuild_name(pg_index.indexrelid))) as parts (what));
end $$;

-- Whether searches of a table of documents have the index that they need.
create function oneshot.search_has_document_index(documents oid) returns boolean language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from pg_index join pg_class on pg_class.oid = indexrelid join pg_am on pg_am.oid = relam
    join pg_attribute on attrelid = indrelid and attname = 'document' and attnum = indkey[0]
    where indrelid = documents and indisvalid and amname = 'gin' and indpred is null)
$$;

create or replace function oneshot.search_rebuild_index(is_gin boolean) returns void language plpgsql security definer
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
  -- And what it should have.
  if is_gin and not oneshot.search_has_document_index('oneshot_home.search_documents'::regclass) then
    create index if not exists search_documents_new_document
      on oneshot_home.search_documents_new using gin (document);
  end if;
  if not is_gin and not exists (
    select from pg_index where indrelid = 'oneshot_home.search_documents'::regclass and indisprimary)
  then
    create unique index if not exists search_documents_new_pkey
      on oneshot_home.search_documents_new (entity, entity_id);
  end if;
end $$;

create or replace function oneshot.search_rebuild_ready() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Looks at 3,000 rows instead of 30,000: enough for the first plans, until autovacuum has looked at it. (Of the documents
-- themselves no plan needs statistics: what is asked for is known only when it runs.)
set default_statistics_target = 10
as $$
declare
  key name := coalesce(
    (select oneshot.search_rebuild_name(indexrelid) from pg_index
      where indrelid = 'oneshot_home.search_documents'::regclass and indisprimary),
    'search_documents_new_pkey');
begin
  -- An earlier run may have been stopped just after this.
  if exists (select from pg_index where indrelid = 'oneshot_home.search_documents_new'::regclass and indisprimary) then
    return;
  end if;
  execute format('alter table oneshot_home.search_documents_new add primary key using index %I', key);
  analyze oneshot_home.search_documents_new (entity, entity_id, language);
end $$;

create or replace function oneshot.search_rebuild_swap() returns void language plpgsql security definer
set search_path = pg_catalog, pg_temp set client_min_messages = warning
as $$
declare
  rename text;
  renames text[];
  description text := obj_description('oneshot_home.search_documents'::regclass, 'pg_class');
  lacks text := oneshot.search_rebuild_lacks();
begin
  if lacks is not null then
    raise exception 'search_documents_new is not ready to take the place of search_documents: it lacks %', lacks
      using errcode = 'object_not_in_prerequisite_state';
  end if;
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
  alter index if exists oneshot_home.search_documents_new_document rename to search_documents_document;
  alter index if exists oneshot_home.search_documents_new_pkey rename to search_documents_pkey;
  delete from oneshot.reindex_cursors where mode = 'rebuild';
end $$;

revoke all on function oneshot.search_rebuild_lacks(), oneshot.search_has_document_index(oid) from public;

call oneshot.search_name_home();
