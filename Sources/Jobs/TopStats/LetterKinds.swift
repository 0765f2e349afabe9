import JobRuntime

extension LetterKind {
  static let boardFailed = LetterKind(
    "board_failed", cause: "A board could not be calculated; it keeps what was published last.",
    remedy:
      "The message names file and line: correct the file, the table or the grant. The next run publishes the board and resolves the dead letter."
  )
}
