package import JobRuntime
package import Postgres

/// A message for the outside, as operators see it.
///
/// Its data are not read: they may hold secrets.
package struct DeliveryRecord: Sendable {
  package var id: String
  package var key: String
  package var channel: String
  package var template: String?
  /// An address, or an endpoint's id; `nil` once it was removed.
  package var recipient: String?
  package var state: String
  package var attempts: Int
  package var doubts: Int
  package var onDoubt: String
  package var priority: Int
  package var nextAt: Timestamp
  package var createdAt: Timestamp
  package var sentAt: Timestamp?
  package var lastCode: Int?
  package var lastMessage: String?
  /// How many match the filter.
  package var total: Int

  package init(row: Row) throws(PostgresError) {
    (id, key, channel) = (try row.value("delivery_id"), try row.value("dedup_key"), try row.value("channel"))
    (template, recipient, state) = (try row.optional("template"), try row.optional("recipient"), try row.value("state"))
    (attempts, doubts, onDoubt) = (try row.value("attempts"), try row.value("doubts"), try row.value("on_doubt"))
    (priority, nextAt, createdAt) = (try row.value("priority"), try row.value("next_at"), try row.value("created_at"))
    (sentAt, lastCode) = (try row.optional("sent_at"), try row.optional("last_code"))
    (lastMessage, total) = (try row.optional("last_message"), try row.value("total"))
  }

  /// - Parameters:
  ///   - state: without it those that are not finished, and those that have failed.
  ///   - limit: at most this many, the newest.
  package static func list(state: State?, channel: String?, limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "deliveries.sql", PackageResources.deliveries_sql,
      binding: ["state": state?.rawValue, "channel": channel, "limit": limit])
  }

  /// - Parameter name: an id, or a key.
  package static func named(_ name: String) throws(PostgresError) -> Statement {
    try Statement(file: "delivery.sql", PackageResources.delivery_sql, binding: ["id": name])
  }

  package enum State: String, CaseIterable, Sendable {
    case queued, sending, sent, held, failed, suppressed, expired, cancelled
  }

  /// - Parameter note: what was done, and by whom.
  package static func change(
    _ name: String, from states: [State], to state: State, note: String
  ) throws(PostgresError) -> Statement {
    try Statement(
      file: "delivery_change.sql", PackageResources.delivery_change_sql,
      binding: ["id": name, "from": states.map(\.rawValue), "to": state.rawValue, "note": note])
  }

  package var json: JSON {
    func text(_ value: String?) -> JSON { value.map { .string($0) } ?? .null }
    return [
      "id": .string(id), "key": .string(key), "channel": .string(channel), "template": text(template),
      "recipient": text(recipient), "state": .string(state), "attempts": .integer(Int64(attempts)),
      "doubts": .integer(Int64(doubts)), "on_doubt": .string(onDoubt), "priority": .integer(Int64(priority)),
      "next_at": .string(nextAt.rfc3339), "created_at": .string(createdAt.rfc3339), "sent_at": text(sentAt?.rfc3339),
      "last_code": lastCode.map { .integer(Int64($0)) } ?? .null, "last_message": text(lastMessage),
    ]
  }
}

/// An attempt to send a message.
package struct AttemptRecord: Sendable {
  package var number: Int
  package var runID: String
  package var startedAt: Timestamp
  package var endedAt: Timestamp?
  /// `nil` while it is in progress.
  package var outcome: String?
  package var code: Int?
  package var message: String?

  package init(row: Row) throws(PostgresError) {
    (number, runID, startedAt) = (try row.value("attempt"), try row.value("run_id"), try row.value("started_at"))
    (endedAt, outcome) = (try row.optional("ended_at"), try row.optional("outcome"))
    (code, message) = (try row.optional("code"), try row.optional("message"))
  }

  package static func all(of id: String) throws(PostgresError) -> Statement {
    try Statement(
      file: "delivery_attempts.sql", PackageResources.delivery_attempts_sql, binding: ["delivery": id])
  }
}

/// An address that gets no mail of a category, or none at all (`*`).
package struct SuppressionRecord: Sendable {
  package var address: String
  package var category: String
  package var reason: String
  package var since: Timestamp
  package var until: Timestamp?
  package var total: Int

  package init(row: Row) throws(PostgresError) {
    (address, category, reason) = (try row.value("address"), try row.value("category"), try row.value("reason"))
    (since, until, total) = (try row.value("since"), try row.optional("until"), try row.value("total"))
  }

  package static func list(address: String?, limit: Int) throws(PostgresError) -> Statement {
    try Statement(
      file: "suppressions.sql", PackageResources.suppressions_sql, binding: ["address": address, "limit": limit])
  }

  package static func adding(_ address: String, category: String) throws(PostgresError) -> Statement {
    try Statement(
      file: "suppress.sql", PackageResources.suppress_sql, binding: ["address": address, "category": category])
  }

  package static func ending(_ address: String, category: String) throws(PostgresError) -> Statement {
    try Statement(
      file: "suppressed_no_more.sql", PackageResources.suppressed_no_more_sql,
      binding: ["address": address, "category": category])
  }
}
