-- What a run would change; and documents that are not what their texts make, although the hash is.
verified as materialized (
  select documents.entity_id, documents.language, case documents.state
      when 'inserted' then 'missing'
      when 'updated' then 'stale'
      when 'removed' then 'orphaned'
      when 'unchanged' then case
        when stored.document = documents.document and stored.language = documents.language then 'unchanged' else 'damaged'
      end
      else documents.state
    end as state
  from documents
  left join search_documents as stored
    on documents.state = 'unchanged' and stored.entity = :entity and stored.entity_id = documents.entity_id
)
