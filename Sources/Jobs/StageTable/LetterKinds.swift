import JobRuntime

extension LetterKind {
  static let badRow = LetterKind(
    "bad_row",
    cause: "The row has a value that its column refuses; all other rows were written.",
    remedy: "Correct the row where it comes from, or the column's type; then the next run takes it.")
}
