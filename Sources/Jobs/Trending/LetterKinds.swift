import JobRuntime

extension LetterKind {
  static let sourceFailed = LetterKind(
    "source_failed",
    cause: "A source of events could not be read; the list of the window keeps what was published last.",
    remedy:
      "The message names file and line, or the kind that TRENDING_WEIGHTS does not have: correct the file, the table, the grant or the setting. The next run publishes the list and resolves the dead letter."
  )
  static let scoreTooLarge = LetterKind(
    "score_too_large",
    cause: "A post's score is too large for Redis to keep its sixth decimal; the list is without it.",
    remedy: "Lower TRENDING_WEIGHTS; the next run that lists the post resolves the dead letter.")
}
