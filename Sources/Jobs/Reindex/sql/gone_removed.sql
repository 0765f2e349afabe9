gone_removed as (
  delete from search_documents as stored using gone
  where stored.entity = :entity and stored.entity_id = gone.entity_id
)
