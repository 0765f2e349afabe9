import JobRuntime

extension NotificationDelivery {
  /// Hours in which e-mails wait, by the user's own clock: `22:00-07:00`.
  struct QuietHours: Sendable, Equatable {
    /// As Postgres reads a `time`.
    var from: String
    var until: String
  }

  /// How many e-mails a user gets within a time.
  struct Limit: Sendable, Equatable {
    var emails: Int
    var within: Duration
  }

  struct Settings: JobSettings {
    let batch: Int
    let time: Duration
    let linger: Duration
    let quiet: QuietHours?
    let limit: Limit
    let maxAge: Duration
    let withWebhooks: Bool

    init(from env: inout Environment) {
      batch = env.int("NOTIFY_BATCH", default: 500, in: 1...10_000, help: "Notifications in one transaction.")
      time = env.duration(
        "NOTIFY_TIME", default: .seconds(50), help: "The run begins no further batch after this time.")
      linger = env.duration(
        "NOTIFY_LINGER", default: .zero,
        help: "How long after its start the run waits for more notifications, instead of ending when there are none.")
      quiet = env.custom(
        "NOTIFY_QUIET", form: "HH:MM-HH:MM", default: nil,
        help:
          "Holds e-mails back during these hours in the user's time zone, such as 22:00-07:00; not those of categories that nobody can unsubscribe from.",
        parse: Self.parseQuiet)
      limit =
        env.custom(
          "NOTIFY_MAX_EMAILS", form: "NUMBER/DURATION", default: "10/1h",
          help: "At most this many e-mails to a user within a time; further ones wait for the daily digest.",
          parse: Self.parseLimit) ?? Limit(emails: 10, within: .hours(1))
      maxAge = env.duration(
        "NOTIFY_MAX_AGE", default: .hours(24), in: .seconds(1) ... .days(36_525),
        help: "Older notifications are only shown in the application.")
      withWebhooks = env.bool(
        "NOTIFY_WEBHOOK", default: false,
        help: "Also sends to the endpoints of oneshot.webhook_endpoints that take notification.*.")
    }

    private static func parseQuiet(_ text: String) -> Environment.Parsed<QuietHours> {
      let ends = text.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
      guard ends.count == 2, ends.allSatisfy(isTime), ends[0] != ends[1] else {
        return .failure("is «\(text)», not two different times such as 22:00-07:00")
      }
      return .success(QuietHours(from: ends[0], until: ends[1]))
    }

    private static func isTime(_ text: String) -> Bool {
      let parts = text.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 2,
        parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
        let hour = Int(parts[0]), let minute = Int(parts[1])
      else { return false }
      return hour < 24 && minute < 60
    }

    private static func parseLimit(_ text: String) -> Environment.Parsed<Limit> {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      guard parts.count == 2, let emails = Int(parts[0]), (0...1_000_000).contains(emails),
        let within = DurationText.parse(String(parts[1])), within > .zero, within <= .days(366)
      else { return .failure("is «\(text)», not a number and a time such as 10/1h") }
      return .success(Limit(emails: emails, within: within))
    }
  }
}
