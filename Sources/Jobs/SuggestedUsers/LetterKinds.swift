import JobRuntime

extension LetterKind {
  static let failed = LetterKind(
    "failed",
    cause: "Postgres could not calculate a user's suggestions: a value cannot be made a number, for example.",
    remedy: "Correct what the message names; each run tries it again.")

  static let sourceFailed = LetterKind(
    "source_failed",
    cause: "A source could not be read, or yielded a row that does not count; lists are made without it.",
    remedy:
      "The message names file and line: correct the file, the table or the grant. The next run resolves the dead letter."
  )

  static let forbidden = LetterKind(
    "forbidden",
    cause:
      "A verification found somebody in a list who must not be in it, although nothing is queued for that user: no trigger queued the change.",
    remedy:
      "Run `select oneshot.suggest_track()` as the tables' owner, then replay the dead letter or run with `SUGGEST_MODE=users`."
  )
}
