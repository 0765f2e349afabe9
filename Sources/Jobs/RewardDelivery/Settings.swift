import JobRuntime

extension RewardDelivery {
  /// Which error is preferred for a mail whose outcome is unknown.
  enum Doubt: String, CaseIterable, Sendable { case again, hold }
  /// What becomes of a reward while its type has no free code.
  enum NoCode: String, CaseIterable, Sendable { case wait, fail }

  struct Settings: JobSettings {
    let batch: Int
    /// `nil` for all.
    let types: [String]?
    let maxAge: Duration
    let onDoubt: Doubt
    let noCode: NoCode

    init(from env: inout Environment) {
      batch = env.int("REWARD_BATCH", default: 500, in: 1...10_000, help: "Rewards in one transaction.")
      types = env.custom(
        "REWARD_TYPES", form: "types separated by commas", default: nil,
        help: "Handles only rewards of these types; unset, all of them.", selects: .work(as: "of"),
        written: { Selection.asSet($0) }, parse: Self.parseTypes
      ).map(Selection.asSet)
      maxAge = env.duration(
        "REWARD_MAX_AGE", default: .days(30), in: .seconds(1) ... .days(36_525),
        help: "Rewards that were earned longer ago become dead letters, for a person to decide on.")
      onDoubt = env.choice(
        "REWARD_ON_DOUBT", default: Doubt.again,
        help: "Whether a mail that may have been sent is sent again, with the same code, or held for a person.")
      env.reserveForInstallers("REWARD_ON_DOUBT")
      noCode = env.choice(
        "REWARD_NO_CODE", default: NoCode.wait,
        help: "Whether a reward without a free code waits for one, or fails and becomes a dead letter.")
    }

    private static func parseTypes(_ text: String) -> Environment.Parsed<[String]> {
      let names = text.split(separator: ",", omittingEmptySubsequences: false).map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      return names.contains("") ? .failure("is «\(text)», not types separated by commas") : .success(names)
    }
  }
}
