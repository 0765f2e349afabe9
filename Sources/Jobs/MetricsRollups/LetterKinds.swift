import JobRuntime

extension LetterKind {
  static let tooLate = LetterKind(
    "too_late",
    cause:
      "An event came for an hour that `ROLLUPS_KEEP_RAW` has closed, or was changed in one (`changed late`); the other events of the hour are gone, so it cannot be counted.",
    remedy:
      "The event stays in `metric_events`. Delete it in a transaction that called `oneshot.close_raw` for a day that is closed, and insert it again if its time was wrong; raise `ROLLUPS_KEEP_RAW` if events are often that late."
  )

  static let bucketFailed = LetterKind(
    "bucket_failed",
    cause:
      "A bucket could not be calculated: a sum beyond a double, or an error of a source in that window. It stays queued.",
    remedy:
      "The message names file and line: correct the events or the source. The next run calculates the bucket and resolves the dead letter."
  )

  static let badRows = LetterKind(
    "bad_rows",
    cause:
      "Rows of a source lack metric, entity, value or time, have a name longer than 512 bytes, or a value that is not a finite number. They are left out; the others are counted.",
    remedy: "Correct the rows, or leave them out in the source.")

  static let sourceFailed = LetterKind(
    "source_failed", cause: "A source's file has a mistake; the other sources are done.",
    remedy: "The message names file and line: correct the file. The next run does what came meanwhile.")

  static let trackingProblem = LetterKind(
    "untold",
    cause:
      "Triggers that report changed and deleted rows of a source are missing, disabled, by-passed by replication, or cannot read when a row is: what is changed is not noticed.",
    remedy:
      "Run the statement that the message names, then `ROLLUPS_MODE=rebuild` for what was changed meanwhile. The next run resolves the dead letter."
  )

  static let emptied = LetterKind(
    "emptied",
    cause:
      "A day has rollups and no rows in its source any more: a partition was dropped, or rows were deleted without `oneshot.close_raw`. `ROLLUPS_ON_EMPTIED=keep` has kept its rollups.",
    remedy:
      "To delete rows and keep their rollups, call `oneshot.close_raw` first; once it was called for a day, the next run resolves the letter. To remove the rollups, run `ROLLUPS_MODE=rebuild` with `ROLLUPS_FROM`, `ROLLUPS_TO` and `ROLLUPS_ON_EMPTIED=remove`."
  )

  static let orphaned = LetterKind(
    "orphaned",
    cause: "`ROLLUPS_MODE=verify` found rollups of a source that has no file any more, or one of another name.",
    remedy:
      "Run the statement that the message names, as the owner of the tables, or bring the file back. Where another schedule has it, set `ROLLUPS_SOURCES`: then only those are looked at."
  )

  static let differs = LetterKind(
    "differs", cause: "`ROLLUPS_MODE=verify` found a bucket that is not the sum of its parts.",
    remedy:
      "Run `ROLLUPS_MODE=rebuild` with `ROLLUPS_FROM` and `ROLLUPS_TO` around it, and find out who else writes `metric_rollups`."
  )
}
