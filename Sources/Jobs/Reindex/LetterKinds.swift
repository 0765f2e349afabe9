import JobRuntime

extension LetterKind {
  static let unindexable = LetterKind(
    "unindexable",
    cause:
      "Postgres cannot make a tsvector of the document (`too long for tsvector`: 1 MB), or a function in the entity's file fails for it. What was indexed of it stays.",
    remedy: "Shorten the text, or index a part of it in an entity of your own (`left(content, 300000) as c`).")

  static let unknownLanguage = LetterKind(
    "unknown_language",
    cause:
      "The row's `language` is not a text search configuration of `pg_catalog` or of the schema of `search_documents`.",
    remedy:
      "Correct it, or translate it in an entity of your own, as `help_page.sql` in docs/jobs/reindex.md does."
  )

  static let entityFailed = LetterKind(
    "entity_failed",
    cause:
      "An entity could not be read: a missing table or right, a mistake in its file, an id that it yields twice, row level security. Its documents, and what waits of it in `search_pending`, stay as they were.",
    remedy: "The message names file and line: correct it, or leave the entity out of `REINDEX_ENTITIES`.")

  static let untracked = LetterKind(
    "untracked",
    cause:
      "Triggers that queue changed rows of a table (`oneshot.search_track`) are missing, disabled, or by-passed by replication; or the column of its ids is gone: what is changed is not queued.",
    remedy:
      "Run the statement that the message names. The next run of `pending` or `changed` then reads all of the entity, and resolves the dead letter."
  )

  static let missing = LetterKind(
    "missing",
    cause:
      "`REINDEX_MODE=verify` found a document or a language that the index does not have, or an index that `search_documents` does not have.",
    remedy: "The mode `changed` indexes the document; `rebuild` adds the language, or the index.")

  static let stale = LetterKind(
    "stale", cause: "`REINDEX_MODE=verify` found a document that the index has as it was, or damaged.",
    remedy: "The mode `changed` corrects it; where only the dictionaries changed, `rebuild` does.")

  static let orphaned = LetterKind(
    "orphaned", cause: "`REINDEX_MODE=verify` found a document that the index has and its source no longer.",
    remedy: "The mode `changed` removes it.")
}
