import JobRuntime

/// The kinds of failures of counters. A key that is not a counter's belongs to no day; every run that reads keys
/// reports it until it is renamed or deleted.
extension UsageAggregation {
  static let letterKinds: [LetterKind] =
    [
      badValue(.notInteger, "The counter's value is not a whole number."),
      badValue(.negative, "The counter's value is negative."),
      badValue(.outOfRange, "The counter's value is greater than 2^63 − 1."),
      LetterKind(
        wrongType,
        cause:
          "The key of a counter holds another type than `USAGE_KEY_FORMAT` says: a list, a set, or a hash in place of a string.",
        remedy: "Rename or delete the key; then run `oneshot dead-letters discard`."),
      badKey(.missingPart, "The key does not have the parts of `USAGE_KEY_FORMAT`."),
      badKey(.emptyPart, "The key's merchant or metric is empty."),
      badKey(.badDate, "The key's time does not exist in the calendar, in the form of `USAGE_KEY_FORMAT`."),
      badKey(.tooLong, "The key's merchant and metric are longer than an index of Postgres takes."),
      badKey(.notUTF8, "The key is not UTF-8, so Postgres cannot store it."),
      badKey(.holdsNUL, "The key holds a NUL, so Postgres cannot store it."),
      regressed,
    ] + dayKinds

  static let wrongType = "wrong_type"

  static let regressed = LetterKind(
    "regressed", cause: "The counter is smaller than what is stored, and `USAGE_ON_REGRESSION` is `fail`.",
    remedy:
      "Find out whether Redis lost data; `USAGE_ON_REGRESSION=keep` keeps the stored value, `overwrite` takes the counter's."
  )

  /// The kind of this name, for a rejected item that was staged.
  static func letterKind(named name: String) throws -> LetterKind {
    guard let kind = letterKinds.first(where: { $0.name == name }) else {
      throw JobFailure(.internal, "«\(name)» is not a kind of dead letter of \(Self.name)")
    }
    return kind
  }

  private static func badValue(_ problem: CounterValue.Problem, _ cause: String) -> LetterKind {
    LetterKind(
      problem.rawValue, cause: cause,
      remedy:
        "Correct the value in Redis; the next run takes it and resolves the dead letter. The day stays open for `USAGE_RETENTION`; after that, run `oneshot dead-letters replay`."
    )
  }

  private static func badKey(_ problem: CounterKey.Problem, _ cause: String) -> LetterKind {
    LetterKind(
      problem.rawValue, cause: cause,
      remedy:
        "Rename or delete the key, or leave it out with `USAGE_IGNORE`; every run reports it until then. Then run `oneshot dead-letters discard`."
    )
  }
}
