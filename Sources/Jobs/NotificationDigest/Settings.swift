import JobRuntime

extension NotificationDigest {
  enum Frequency: String, CaseIterable, Sendable {
    case daily, weekly

    var other: Frequency { self == .daily ? .weekly : .daily }
    /// Two due times are at least this far from each other.
    var halfPeriod: Duration { self == .daily ? .hours(12) : .hours(84) }
  }

  enum Weekday: String, CaseIterable, Sendable {
    case monday, tuesday, wednesday, thursday, friday, saturday, sunday

    /// 1 for Monday, as ISO 8601 counts.
    var number: Int { (Self.allCases.firstIndex(of: self) ?? 0) + 1 }
  }

  struct Settings: JobSettings {
    let frequencies: [Frequency]
    let hour: Int
    let weekday: Weekday
    let zone: String
    let grace: Duration
    let maxItems: Int
    let minItems: Int
    let batch: Int
    let skipRead: Bool
    let itemKeep: Duration

    init(from env: inout Environment) {
      frequencies =
        env.custom(
          "DIGEST_FREQUENCIES", form: "daily, weekly or daily,weekly", default: "daily,weekly",
          help: "Which digests this schedule makes.", selects: .work(as: "of"),
          written: { Selection.asSet($0.map(\.rawValue)) }, parse: Self.parseFrequencies) ?? Frequency.allCases
      hour = env.int("DIGEST_HOUR", default: 9, in: 0...23, help: "The hour of a digest where a user chose none.")
      weekday = env.choice(
        "DIGEST_WEEKDAY", default: Weekday.monday, help: "The day of a weekly digest where a user chose none.")
      zone = env.timeZone("DIGEST_TIMEZONE", help: "The time zone of users who have none.")
      grace = env.duration(
        "DIGEST_GRACE", default: .hours(6), in: .minutes(1) ... .days(7),
        help: "How late a digest still goes out; after that its items wait for the next one.")
      maxItems = env.int(
        "DIGEST_MAX_ITEMS", default: 20, in: 1...1000,
        help: "Items that a digest shows; it only counts the others.")
      minItems = env.int(
        "DIGEST_MIN_ITEMS", default: 1, in: 1...1000, help: "Fewer items wait for the next digest.")
      batch = env.int("DIGEST_BATCH", default: 50, in: 1...10_000, help: "Users in one transaction.")
      skipRead = env.bool(
        "DIGEST_SKIP_READ", default: false, help: "Leaves out items that the user has read in the application.")
      itemKeep = env.duration(
        "DIGEST_ITEM_KEEP", default: .days(30), in: .days(1) ... .days(36_525),
        help: "Age at which an item that is in no digest is dropped.")
      env.reserveForInstallers("DIGEST_ITEM_KEEP")
    }

    private static func parseFrequencies(_ text: String) -> Environment.Parsed<[Frequency]> {
      let names = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0.filter { $0 != " " }) }
      let frequencies = names.compactMap(Frequency.init(rawValue:))
      guard frequencies.count == names.count, Set(names).count == names.count else {
        return .failure("is «\(text)», not daily, weekly or daily,weekly")
      }
      return .success(frequencies)
    }
  }
}
