-- Into the table that a rebuild makes. A document that cannot be indexed stays as it was.
loaded as (
  insert into search_documents_new (entity, entity_id, document, source_hash, language)
  select :entity, entity_id, document, new_hash, language from documents
  where state = 'inserted' and (select twice from done) is null
), carried as (
  insert into search_documents_new
  select stored.* from search_documents as stored join compared on compared.entity_id = stored.entity_id
  where stored.entity = :entity and state = 'kept'
)
