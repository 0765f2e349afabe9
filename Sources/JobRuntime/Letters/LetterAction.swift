package import Postgres

/// What somebody did with a dead letter: one row of `oneshot.dead_letter_actions`.
package struct LetterAction: Sendable, Equatable {
  package var at: Timestamp
  /// `replay` or `discard`.
  package var action: String
  /// The name that the person gave.
  package var by: String
  /// The person's role in the database.
  package var role: String
  /// The letter's kind at that time.
  package var kind: String
  package var message: String
  package var attempts: Int
  package var lastFailedAt: Timestamp

  package init(row: Row) throws(PostgresError) {
    at = try row.value("acted_at")
    action = try row.value("action")
    by = try row.value("acted_by")
    role = try row.value("role")
    kind = try row.value("error_kind")
    message = try row.value("error_message")
    attempts = try row.value("attempts")
    lastFailedAt = try row.value("last_failed_at")
  }

  package var json: JSON {
    [
      "acted_at": .string(at.rfc3339), "action": .string(action), "acted_by": .string(by), "role": .string(role),
      "error_kind": .string(kind), "error_message": .string(message), "attempts": .integer(Int64(attempts)),
      "last_failed_at": .string(lastFailedAt.rfc3339),
    ]
  }
}
