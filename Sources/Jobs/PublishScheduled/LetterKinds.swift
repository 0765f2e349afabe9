import JobRuntime

extension LetterKind {
  static let refused = LetterKind(
    "refused",
    cause: "A trigger or a constraint of the application refused the post's new state; the message is from Postgres.",
    remedy: "Correct the post or the constraint; the next run tries the post again.")

  static let gaveUp = LetterKind(
    "gave_up",
    cause: "The post was refused in `PUBLISH_GIVE_UP` runs, and is in the state `failed` now.",
    remedy: "Correct the post, then replay the dead letter: the post is scheduled again. Or discard the letter.")

  static let unreadable = LetterKind(
    "unreadable",
    cause:
      "`PUBLISH_DUE_AT` or `PUBLISH_TIMEZONE` fails on the post, so it has no due time; the message is from Postgres.",
    remedy: "Correct the post (its zone, for example); the next run looks at it again.")
}
