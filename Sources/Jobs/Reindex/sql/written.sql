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
  where stored.entity = :entity and stored.entity_id = compared.entity_id and state = 'removed'
)
