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
        :recipe) as new_hash,
      stored.source_hash as old_hash
    from page
    cross join lateral (select coalesce(page.language, :language) as language) as known
    left join configurations as configuration on cfgname = known.language
    -- One by one through the index (offset keeps the planner from it): else it may read the whole table for each page.
    -- (Where nothing is compared with it yet, it only matters what cannot be made.)
    left join lateral (
      select source_hash from search_documents
      where entity = :entity and entity_id = page.id::text collate "C" and (:compares or configuration.oid is null)
      offset 0) as stored on true
    -- And so each hash is made once, not wherever it is named.
    offset 0) as hashed
)
