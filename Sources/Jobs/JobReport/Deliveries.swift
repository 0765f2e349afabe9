import JobRuntime
import Operations
import Postgres

/// Messages for the outside that are not over, by where they go.
struct Deliveries: Sendable {
  /// Whether the role may not count them.
  var isDenied = false
  var targets = Picture.Bounded<Target>()
  var due = 0
  var later = 0
  var held = 0

  struct Target: Sendable {
    /// `domain:example.org`, `webhook:shop` or `smtp:relay:587`.
    var name: String
    var due: Int
    var later: Int
    var sending: Int
    var held: Int
    /// Since when the oldest of them is due.
    var oldest: Timestamp?
    /// Until when nothing is sent there; `nil` where it is open.
    var closedUntil: Timestamp?
    var reason: Picture.Excerpt?
  }

  private static let most = 40

  /// - Returns: `nil` where the database has none, because their line of migrations was not applied.
  static func read(at now: Timestamp, _ session: borrowing Session) throws -> Deliveries? {
    let answer: String = try session.query(
      Statement(file: "may_read_deliveries.sql", PackageResources.may_read_deliveries_sql)
    ).only().value("answer")
    guard answer == "readable" else { return answer == "absent" ? nil : Deliveries(isDenied: true) }
    let rows = try session.query(
      Statement(
        file: "deliveries.sql", PackageResources.deliveries_sql, binding: ["now": now, "limit": most]))
    var deliveries = Deliveries()
    deliveries.targets = .init(
      shown: try rows.map { try Target(row: $0) }, total: try rows.first?.value("targets_total") ?? 0)
    guard let first = rows.first else { return deliveries }
    deliveries.due = try first.value("due_total")
    (deliveries.later, deliveries.held) = (try first.value("later_total"), try first.value("held_total"))
    return deliveries
  }
}

extension Deliveries.Target {
  fileprivate init(row: Row) throws(PostgresError) {
    (name, due, later) = (try row.value("target"), try row.value("due"), try row.value("later"))
    (sending, held, oldest) = (try row.value("sending"), try row.value("held"), try row.optional("oldest"))
    closedUntil = try row.optional("closed_until")
    reason = try row.excerpt("reason")
  }
}

extension Page {
  @HTML.Content var deliveries: HTML {
    if let deliveries = picture.deliveries {
      section("deliveries", "Leaving the house", note(deliveries)) {
        if deliveries.isDenied {
          HTML(.p, .class("none")) {
            "The role of job-report may not count messages; its page in docs/jobs has the grant."
          }
        } else if deliveries.targets.shown.isEmpty {
          HTML(.p, .class("none")) { "No message waits, and no target is closed." }
        } else {
          table("deliveries", ["target", "due", "oldest", "later", "being sent", "held", ""], numbers: Set(1...5)) {
            deliveries.targets.shown.map { line($0) }
          }
          more(deliveries.targets.more, "targets", "`oneshot deliveries list` lists messages")
        }
      }
    }
  }

  private func note(_ deliveries: Deliveries) -> String? {
    let parts = [(deliveries.due, "due"), (deliveries.later, "later"), (deliveries.held, "held")]
    let words = parts.filter { $0.0 > 0 }.map { "\(PageText.count($0.0)) \($0.1)" }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }

  private func line(_ target: Deliveries.Target) -> HTML {
    func number(_ count: Int) -> HTML { HTML(.td, .class("number")) { count > 0 ? PageText.count(count) : "–" } }
    return HTML(.tr) {
      HTML(.th, .scope("row")) { HTML(.bdi) { bounded(target.name) } }
      number(target.due)
      HTML(.td, .class("number")) { if let oldest = target.oldest { age(oldest) } else { "–" } }
      number(target.later)
      number(target.sending)
      number(target.held)
      HTML(.td, .class("message")) {
        if let until = target.closedUntil {
          icon(.failed)
          HTML(.strong, .class("failed")) { "closed target" }
          " for \((until - picture.madeAt).short) more"
          if let reason = target.reason {
            ": "
            excerpt(reason, atMost: 200)
          }
        }
      }
    }
  }
}
