import JobRuntime

extension LetterKind {
  static let badRow = LetterKind(
    "bad_row",
    cause: "A value of the row is none that its column takes; all other rows were written.",
    remedy: "Correct the row where it comes from, or the column's type; then the next run takes it.")
}
