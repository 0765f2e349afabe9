-- reindex, listed
\set ids '''{"5","700"}'''
\set recipe '''3''::bigint'
\set language '''english'''
\set entity '''asset'''
\set compares 'true'
prepare golden (unknown, bigint, unknown, unknown, boolean) as
with source as not materialized (select * from (-- Tags may be a text, an array or jsonb. Where the table has no deleted_at or language, the name is found in the outer
-- query, as a null.
select present.*
from (select null::timestamptz as deleted_at, null::text as language) as absent
cross join lateral (
  select id, title as a, description as b, tags as c,
    deleted_at is not null as deleted, language
  from assets) as present
) as file),
-- The entity's rows; columns that its file does not yield are found in the outer query, where they are null. The texts keep
-- their types, which say how they are read (oneshot.search_plain).
source_rows as not materialized (
  select present.*
  from (
    select null::text as b, null::text as c, null::text as d, null::text as language, false as deleted) as absent
  cross join lateral (
    select id, a, b, c, d, nullif(lower(language::text), '') as language,
      coalesce(deleted, false) as deleted
    from source) as present
)
,
-- Documents by their ids.
page as materialized (select * from source_rows where id = any ($1))
,
-- How far this page goes, and whether an id stands in it twice.
done as materialized (
  select coalesce(sum(documents), 0)::bigint as documents,
    (select id::text from page order by page.id desc limit 1) as last_id,
    min(id::text) filter (where documents > 1) as twice
  from (select id, count(*) as documents from page group by id) as ids
)
,
-- The text search configurations that search() finds, whatever the search_path of this run.
configurations as materialized (
  select distinct on (cfgname) cfgname, oid
  from pg_ts_config
  where cfgnamespace in (
    'pg_catalog'::regnamespace, (select relnamespace from pg_class where oid = 'search_documents'::regclass))
  order by cfgname, cfgnamespace <> 'pg_catalog'::regnamespace
),
-- What has become of each document of the page. The hash is of each text on its own, of the language, and (the
-- second argument) of the recipe by which a document is made.
compared as materialized (
  select id, entity_id, a, b, c, d, language, configuration, new_hash,
    case
      when deleted then case when old_hash is null then 'absent' else 'removed' end
      when configuration is null then case when old_hash is null then 'failed' else 'kept' end
      when old_hash is null then 'inserted'
      when old_hash <> new_hash then 'updated'
      else 'unchanged'
    end as state
  from (
    select page.id, page.id::text collate "C" as entity_id, a, b, c, d, known.language, deleted, configuration.oid as configuration,
      hash_record_extended(
        row (
          a::text collate "C", b::text collate "C", c::text collate "C", d::text collate "C", known.language collate "C"),
        $2) as new_hash,
      stored.source_hash as old_hash
    from page
    cross join lateral (select coalesce(page.language, $3) as language) as known
    left join configurations as configuration on cfgname = known.language
    -- One by one through the index (offset keeps the planner from it): else it may read the whole table for each page.
    -- (Where nothing is compared with it yet, it only matters what cannot be made.)
    left join lateral (
      select source_hash from search_documents
      where entity = $4 and entity_id = page.id::text collate "C" and ($5 or configuration.oid is null)
      offset 0) as stored on true
    -- And so each hash is made once, not wherever it is named.
    offset 0) as hashed
)
,
-- Of the listed documents those leave the index that their source no longer has.
gone as materialized (
  select entity_id from search_documents
  where entity = $4 and entity_id in (
    select id::text from unnest($1) as listed (id) except select id::text collate "C" from page)
)
,
-- Made only for those rows that are asked for.
documents as not materialized (
  select entity_id, language, configuration, new_hash, state,
    oneshot.search_document(
      oneshot.search_plain(a), oneshot.search_plain(b), oneshot.search_plain(c), oneshot.search_plain(d)) as document
  from compared
)
,
-- Writes what differs, and nothing else.
written as (
  insert into search_documents as stored (entity, entity_id, document, source_hash, language)
  select $4, entity_id, document, new_hash, language from documents
  where state in ('inserted', 'updated') and (select twice from done) is null
  on conflict (entity, entity_id) do update
  set document = excluded.document, source_hash = excluded.source_hash, language = excluded.language,
    indexed_at = excluded.indexed_at
  returning stored.language, stored.document
), new_languages as (
  insert into search_languages select distinct language from written order by 1 on conflict do nothing
), new_words as (
  -- Numbers have no other forms. In order, so that two lanes cannot lock each other out; the stems of what is there
  -- already are not even made.
  insert into search_words (language, word)
  select language, lexeme
  from (
    select distinct language, lexeme collate "C" as lexeme from written, unnest(document)
    where lexeme > ':' and length(lexeme) <= 64) as words
  where not exists (select from search_words as known where known.language = words.language and word = lexeme)
  order by language, lexeme
  on conflict do nothing
), removed as (
  delete from search_documents as stored using compared
  where stored.entity = $4 and stored.entity_id = compared.entity_id and state = 'removed'
)
,
gone_removed as (
  delete from search_documents as stored using gone
  where stored.entity = $4 and stored.entity_id = gone.entity_id
)

-- As tally.sql, with those that their source no longer has.
select tallied.*, null as last_id, twice
from (
  select state, null as failed_id, null as failed_language, count(*) as documents
  from compared where state not in ('failed', 'kept') group by state
  union all
  select state, entity_id, language, 1 from compared where state in ('failed', 'kept')
  union all
  select 'removed', null, null, count(*) from gone having count(*) > 0) as tallied, done
;
execute golden (:ids, :recipe, :language, :entity, :compares);
deallocate golden;
