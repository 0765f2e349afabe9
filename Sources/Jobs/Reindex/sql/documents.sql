-- Made only for those rows that are asked for.
documents as not materialized (
  select entity_id, language, configuration, new_hash, state, oneshot.search_document(a, b, c, d) as document
  from compared
)
