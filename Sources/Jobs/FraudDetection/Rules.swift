import JobRuntime

/// What the checks go by, as the functions in Postgres read it.
struct Rules: Sendable {
  /// The checks, in the order of their names' table on the page, each with what it finds and how much that weighs.
  static let checks: [(name: String, points: [(reason: String, points: Int)])] = [
    ("self_referral", [("mailbox", 95), ("tag", 70), ("device", 80), ("network", 40)]),
    ("velocity", [("burst", 40), ("fast", 60)]),
    ("disposable_email", [("listed", 60), ("reserved", 90), ("malformed", 90)]),
    ("bot", [("user_agent", 50), ("form", 50), ("honeypot", 95)]),
    ("duplicate_ip", [("referrer", 40), ("network", 15)]),
    ("duplicate_device", [("device", 50), ("mailbox", 70)]),
  ]

  /// The columns that not every application has, and the check that is off, or finds less, without.
  static let optionalColumns = ["ip", "device_fingerprint", "user_agent", "form_ms", "honeypot", "verified_at"]

  static let names = checks.map(\.name)

  static let usualPoints = Dictionary(
    uniqueKeysWithValues: checks.flatMap { check in check.points.map { ("\(check.name).\($0.reason)", $0.points) } })

  /// Reads `duplicate_ip=0,bot.form=30`: all of a check, or one of its reasons.
  static func parsePoints(_ text: String) -> Environment.Parsed<[String: Int]> {
    var points: [String: Int] = [:]
    for word in text.split(separator: ",") {
      let parts = word.filter { $0 != " " }.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
      let reasons = usualPoints.keys.filter { $0 == parts[0] || $0.hasPrefix("\(parts[0]).") }
      guard parts.count == 2, !reasons.isEmpty else {
        return .failure("has «\(word)», not a check or a reason and its points, such as duplicate_ip=0 or bot.form=30")
      }
      guard let value = Int(parts[1]), (0...100).contains(value) else {
        return .failure("has «\(word)»; points are whole numbers from 0 to 100")
      }
      for reason in reasons { points[reason] = value }
    }
    return .success(points)
  }
}

/// How many sign-ups of one referrer are too many, within what time: `10/1h`.
struct Velocity: Sendable, Equatable {
  var most = 10
  var within = Duration.hours(1)

  static func parse(_ text: String) -> Environment.Parsed<Velocity> {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let most = Int(parts[0]), (1...1000).contains(most),
      let within = DurationText.parse(parts[1]), within >= .seconds(1), within <= .days(30)
    else { return .failure("is «\(text)», not a number up to 1000 and a time such as 10/1h") }
    return .success(Velocity(most: most, within: within))
  }
}
