-- Made only for those rows that are asked for.
documents as not materialized (
  select entity_id, language, configuration, new_hash, state,
    oneshot.search_document(
      oneshot.search_plain(a), oneshot.search_plain(b), oneshot.search_plain(c), oneshot.search_plain(d)) as document
  from compared
)
