-- Writes what differs, and nothing else.
written as (
  insert into search_documents as stored (entity, entity_id, document, source_hash, language)
  select :entity, entity_id, document, new_hash, language from documents
  where state in ('inserted', 'updated') and (select twice from done) is null
  on conflict (entity, entity_id) do update
  set document = excluded.document, source_hash = excluded.source_hash, language = excluded.language,
    indexed_at = excluded.indexed_at
  returning stored.language, stored.document
), new_languages as (
  insert into search_languages select distinct language from written order by 1 on conflict do nothing
), new_words as (
  -- Numbers are not misspelt, but looked for as they are. In order, so that two lanes cannot lock each other out.
  insert into search_words
  select distinct language, lexeme
  from written, unnest(document)
  where lexeme > ':' and length(lexeme) between 3 and 64
  order by language, lexeme
  on conflict do nothing
), removed as (
  delete from search_documents as stored using compared
  where stored.entity = :entity and stored.entity_id = compared.entity_id and state = 'removed'
)
