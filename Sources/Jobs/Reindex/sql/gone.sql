-- Of the listed documents those leave the index that their source no longer has.
gone as materialized (
  select entity_id from search_documents
  where entity = :entity and entity_id in (
    select id::text from unnest(:ids) as listed (id) except select id::text collate "C" from page)
)
